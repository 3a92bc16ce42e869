// What only the server knows of `notify`: which channels its operator has made.
import type { ChannelKind } from '../notify/notify-event.ts';
import type { Diagnostic } from './diagnostic.ts';
import { entriesOf, nodeAt } from './find-node.ts';
import type { FileText } from './included-files.ts';
import type { LoadedPipeline } from './load-pipelines.ts';
import { readYaml } from './read-yaml.ts';
import { diagnosticAt, sourceFile } from './source-file.ts';
import type { ScalarNode, SourceNode } from './source-node.ts';
import { didYouMean } from './suggest.ts';

/** An error for each channel that is named in the files of a pipeline and is not there. `channels`: kinds by name. */
export function checkChannels(
  loaded: LoadedPipeline,
  channels: ReadonlyMap<string, ChannelKind>,
): readonly Diagnostic[] {
  return textsOf(loaded).flatMap(({ file, text }) => {
    if (!text.includes('notify')) return [];
    const source = sourceFile(file, text);
    return namedIn(readYaml(text).root).flatMap((node) => {
      const message = problemOf(String(node.value), channels);
      if (message === null) return [];
      return [diagnosticAt(source, node, { severity: 'error', code: 'unknown-channel', message })];
    });
  });
}

function problemOf(named: string, channels: ReadonlyMap<string, ChannelKind>): string | null {
  const [kind = '', name = ''] = named.split('/');
  const found = channels.get(name);
  if (found === kind) return null;
  if (found !== undefined) {
    return `notify names the channel "${named}", and "${name}" is a channel of ${found}. Write ${found}/${name}.`;
  }
  const known = [...channels].map(([its, ofKind]) => `${ofKind}/${its}`);
  const help = didYouMean(named, known) || ' Add it under Settings → Notifications, or leave it out here.';
  return `notify names the channel "${named}", which this installation does not have.${help}`;
}

function textsOf({ file, text, found }: LoadedPipeline): readonly FileText[] {
  const included = [...found.includes.values()].flatMap((answer) =>
    answer.kind === 'found' ? answer.files : [],
  );
  const templates = [...found.templates].flatMap(([name, answer]) =>
    answer.kind === 'found' ? [{ file: name, text: answer.text }] : [],
  );
  const texts = new Map([{ file, text }, ...included, ...templates].map((each) => [each.file, each]));
  return [...texts.values()];
}

/** Of the pipeline itself and of its deploy stages: elsewhere, `notify` is a name that the author has chosen. */
function namedIn(root: SourceNode | null): readonly ScalarNode[] {
  const file = root ?? undefined;
  const ofStages = entriesOf(nodeAt(file, 'stages')).map(({ value }) => nodeAt(value, 'deploy', 'notify'));
  return [nodeAt(file, 'notify'), ...ofStages].flatMap((node) => {
    if (node?.kind === 'list') return node.items.filter((item) => item.kind === 'scalar');
    return node?.kind === 'scalar' ? [node] : [];
  });
}
