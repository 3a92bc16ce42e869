// A script that only builds and pushes an image → the stages that do it without a Docker engine in a container.
import type { Span } from '../language/source-file.ts';
import { changed, type Conversion } from './conversion.ts';
import { draftList, draftMap, draftOf, put, type DraftMap, type DraftValue } from './draft.ts';
import { expandVariables, type Variables } from './gitlab-variables.ts';
import { isVariable, type StageNames } from './names.ts';
import type { StageDraft } from './pipeline-draft.ts';
import type { Command } from './script.ts';
import { replaceTemplates } from '../language/expression/replace-templates.ts';

interface DockerJob {
  readonly conversion: Conversion;
  readonly names: StageNames;
  readonly id: string;
  readonly from: Span;
  /** Keys of the first of the stages. */
  readonly common: Readonly<Record<string, DraftValue | undefined>>;
  readonly commands: readonly Command[];
  readonly variables: Variables;
}

/** Null: the script does other things too, and stays a script. */
export function dockerStages(job: DockerJob): readonly StageDraft[] | null {
  const read = readCommands(job);
  if (read === null) return null;
  const { build, targets } = read;
  const buildId = targets.length > 0 ? job.names.fresh(`${job.id}-image`) : job.id;
  const stages: StageDraft[] = [{ id: buildId, from: job.from, keys: { ...job.common, build } }];
  for (const [index, { to, tags }] of targets.entries()) {
    const id = index === 0 ? job.id : job.names.fresh(`${job.id}-push`);
    const { if: condition } = job.common;
    stages.push({
      id,
      from: job.from,
      keys: {
        needs: draftList([buildId]),
        if: condition,
        push: draftOf({ of: buildId, to, tags: draftList(tags) }),
      },
    });
  }
  changed(job.conversion, job.commands[0]?.from ?? job.from, {
    what: 'docker build',
    why: 'the image is built and pushed by stages of their own, without docker login.',
    whatToDo: targets.length > 0 ? 'Give the worker the credentials of the registry.' : '',
  });
  return stages;
}

/** The build without its tags, and each repository with the tags that it gets. */
export interface DockerWork {
  readonly build: DraftMap;
  readonly targets: readonly { readonly to: string; readonly tags: readonly string[] }[];
}

const harmless =
  /^(docker\s+(login|logout|info|version|pull|tag|images|system|context|buildx\s+(create|use|inspect|ls))\b|echo\b.*\|\s*docker\s+login\b|echo\s|set\s+-|export\s+\w+=\S*$|cat\s.*\|\s*docker\s+login\b|#)/;

function readCommands({ commands, variables }: DockerJob): DockerWork | null {
  let build: DraftMap | null = null;
  const images = new Set<string>();
  const pushed: string[] = [];
  const lines = commands.flatMap(({ text }) =>
    text
      .replace(/\\\n/g, ' ')
      .split('\n')
      .flatMap((line) => line.split('&&')),
  );
  for (const line of lines.map((each) => each.trim()).filter((each) => each !== '')) {
    const words = wordsOf(line);
    const isBuild = /^docker\s+(buildx\s+)?build\b/.test(line);
    if (isBuild && build !== null) return null;
    if (isBuild) {
      const read = words === null ? null : readBuild(words.slice(words.indexOf('build') + 1), variables);
      if (read === null) return null;
      build = read.build;
      for (const image of read.images) images.add(image);
      if (read.pushes) pushed.push(...read.images);
    } else if (/^docker\s+push\b/.test(line) && words !== null) {
      const names = words.slice(2).filter((word) => !word.startsWith('-'));
      if (names.length !== 1) return null;
      pushed.push(...(/--all-tags|\s-a\s/.test(line) ? [...images] : names));
    } else if (!harmless.test(line) || /[;`]|\$\(/.test(line)) return null;
  }
  if (build === null) return null;
  const targets = targetsOf(pushed.map((image) => expandVariables(image, variables).text));
  return targets === null ? null : { build, targets };
}

/** Null: a name that would have to be filled in by a shell. */
export function targetsOf(images: readonly string[]): DockerWork['targets'] | null {
  const byRepository = new Map<string, Set<string>>();
  for (const image of images) {
    if (/env\./.test(image)) return null;
    const colon = replaceTemplates(image, (part) => 'x'.repeat(part.length)).lastIndexOf(':');
    const hasTag = colon > image.lastIndexOf('/');
    const to = hasTag ? image.slice(0, colon) : image;
    const tag = hasTag ? image.slice(colon + 1) : 'latest';
    byRepository.set(to, (byRepository.get(to) ?? new Set()).add(tag));
  }
  return [...byRepository].map(([to, tags]) => ({ to, tags: [...tags] }));
}

function readBuild(
  words: readonly string[],
  variables: Variables,
): { readonly build: DraftMap; readonly images: readonly string[]; readonly pushes: boolean } | null {
  const build = draftMap();
  const args = draftMap();
  const images: string[] = [];
  let context: string | null = null;
  let pushes = false;
  const fill = (text: string): string => expandVariables(text, variables).text;
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? '';
    const [option = '', inline] =
      word.startsWith('--') && word.includes('=')
        ? [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)]
        : [word];
    const value = (): string => inline ?? words[(index += 1)] ?? '';
    if (option === '-t' || option === '--tag') images.push(value());
    else if (option === '-f' || option === '--file') put(build, 'file', fill(value()));
    else if (option === '--target') put(build, 'target', fill(value()));
    else if (option === '--build-arg') {
      const written = value();
      const at = written.indexOf('=');
      const name = at === -1 ? written : written.slice(0, at);
      if (!isVariable(name)) return null;
      put(args, name, fill(at === -1 ? `\${${name}}` : written.slice(at + 1)));
    } else if (option === '--push') pushes = true;
    else if (
      ['--cache-from', '--cache-to', '--platform', '--label', '--progress', '--network'].includes(option)
    )
      value();
    else if (
      ['--pull', '--no-cache', '--rm', '--force-rm', '-q', '--quiet', '--compress', '--load'].includes(option)
    )
      continue;
    else if (word.startsWith('-')) return null;
    else if (context === null) context = word;
    else return null;
  }
  if (context === null || context === '-' || /\$|^https?:|^\//.test(context)) return null;
  if (context !== '.') put(build, 'context', context);
  put(build, 'args', args);
  return { build, images, pushes };
}

/** The words of a plain command; null where it has more than words and quotes. */
function wordsOf(line: string): readonly string[] | null {
  if (/[|;<>`]|\$\(/.test(line)) return null;
  const words: string[] = [];
  for (const [, double, single, bare] of line.matchAll(
    /"([^"]*)"|'([^']*)'|((?:[^\s"']|(?<=\S)"[^"]*"|(?<=\S)'[^']*')+)/g,
  ))
    words.push((double ?? single ?? bare ?? '').replaceAll(/["']/g, ''));
  return words;
}
