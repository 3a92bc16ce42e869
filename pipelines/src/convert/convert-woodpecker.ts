// A workflow of Woodpecker → a draft of ours. Its steps share a folder and have an image each; here steps share
// an image, so that a stage is as many steps in a row as have the same one, and folders go on as artifacts.
import type { MapEntry, SourceNode } from '../language/source-node.ts';
import {
  entriesOf,
  entryOf,
  isTrue,
  itemsOf,
  leftOut,
  textOf,
  textsOf,
  type Conversion,
} from './conversion.ts';
import { checkoutDraft, depthOf } from './checkout-draft.ts';
import { draftList, draftMap, draftOf, put, type DraftMap, type DraftValue } from './draft.ts';
import { takeKeys } from './take-keys.ts';
import { imageWord, isVariable, StageNames } from './names.ts';
import type { PipelineDraft } from './pipeline-draft.ts';
import type { SourceText } from './read-source.ts';
import { variablesIn } from './script.ts';
import { firstServices, type ServiceDraft } from './services.ts';
import { environmentOf } from './woodpecker-env.ts';
import { woodpeckerStages, type WoodpeckerContext } from './woodpecker-stages.ts';
import { readStep, type WoodpeckerStep } from './woodpecker-steps.ts';
import { woodpeckerText, woodpeckerVariables } from './woodpecker-variables.ts';
import { woodpeckerTriggers } from './woodpecker-when.ts';

const mostSteps = 500;

export function convertWoodpecker(conversion: Conversion, { root }: SourceText): PipelineDraft {
  const keys = takeKeys(conversion, root, 'workflow');
  const matrix = matrixOf(conversion, keys.get('matrix'));
  const steps = namedItems((keys.get('steps') ?? keys.get('pipeline'))?.value)
    .slice(0, mostSteps)
    .map(([name, node]) => readStep(conversion, name, node, matrix.names));
  const env = draftMap();
  addKnownVariables(conversion, env, steps);
  const context: WoodpeckerContext = {
    conversion,
    names: new StageNames(),
    services: servicesOf(conversion, keys.get('services')?.value, matrix.names),
    matrix: matrix.draft,
    matrixNames: matrix.names,
    checkout: isTrue(keys.get('skip_clone')?.value) ? false : cloneOf(conversion, keys.get('clone')?.value),
  };
  return {
    name: null,
    on: woodpeckerTriggers(conversion, keys.get('when')?.value, keys.get('branches')?.value),
    env,
    concurrency: undefined,
    stages: woodpeckerStages(context, steps),
  };
}

/** What the step that clones is set to; a clone that says nothing of it is the checkout of every stage. */
function cloneOf(conversion: Conversion, node: SourceNode | undefined): DraftValue | undefined {
  const settings = namedItems(node).flatMap(([, item]) => entriesOf(entryOf(item, 'settings')?.value));
  const textOfSetting = (name: string): string | null =>
    textOf(settings.find(({ key }) => key === name)?.value);
  for (const { key, keySpan } of settings) {
    if (['depth', 'recursive', 'partial', 'tags'].includes(key)) continue;
    const why = 'the checkout is of the repository and commit of the run.';
    leftOut(conversion, keySpan, {
      what: `clone: ${key.slice(0, 40)}`,
      why,
      whatToDo: 'Fetch it in a step.',
    });
  }
  return checkoutDraft({
    depth: textOfSetting('tags') === 'true' ? 0 : depthOf(textOfSetting('depth')),
    submodules: textOfSetting('recursive') === 'true' ? 'recursive' : false,
  });
}

/** A list of maps with a name, or a map of names. */
function namedItems(node: SourceNode | undefined): readonly (readonly [string, SourceNode])[] {
  if (node?.kind === 'map') return entriesOf(node).map(({ key, value }) => [key, value]);
  return itemsOf(node).map((item) => [
    textOf(entryOf(item, 'name')?.value) ?? imageWord(textOf(entryOf(item, 'image')?.value) ?? 'step'),
    item,
  ]);
}

function addKnownVariables(conversion: Conversion, env: DraftMap, steps: readonly WoodpeckerStep[]): void {
  const read = variablesIn(steps.flatMap((step) => step.commands.map((each) => each.text)).join('\n'));
  for (const [name, value] of Object.entries(woodpeckerVariables)) if (read.has(name)) put(env, name, value);
  for (const step of steps) {
    for (const command of step.commands) {
      const unknown = [...variablesIn(command.text)].filter(
        (name) =>
          /^(CI|DRONE)_/.test(name) &&
          read.has(name) &&
          !Object.hasOwn(woodpeckerVariables, name) &&
          !step.env.entries.some((entry) => entry.key === name),
      );
      for (const name of unknown)
        leftOut(conversion, command.from, {
          what: `$${name.slice(0, 60)}`,
          why: 'Woodpecker sets it, and nothing here does.',
          whatToDo: `Write its value under env: ${name.slice(0, 60)}.`,
        });
    }
  }
}

interface Matrix {
  readonly draft: DraftValue | undefined;
  readonly names: ReadonlySet<string>;
}

function matrixOf(conversion: Conversion, entry: MapEntry | undefined): Matrix {
  const draft = draftMap();
  const names = new Set<string>();
  for (const { key, value } of entriesOf(entry?.value)) {
    if (key === 'include') {
      const rows = itemsOf(value).map((row) =>
        entriesOf(row).flatMap((cell): readonly [string, string][] => {
          const text = textOf(cell.value);
          return text === null || !isVariable(cell.key) ? [] : [[cell.key, text]];
        }),
      );
      for (const [name] of rows.flat()) names.add(name);
      put(
        draft,
        'include',
        draftList(rows.filter((row) => row.length > 0).map((row) => draftOf(Object.fromEntries(row)))),
        value,
      );
    } else if (isVariable(key)) {
      names.add(key);
      put(draft, key, draftList([...new Set(textsOf(value))]), value);
    } else leftOut(conversion, value, { what: key.slice(0, 60), why: 'this is not the name of a variable.' });
  }
  return { draft: draft.entries.length === 0 ? undefined : draft, names };
}

function servicesOf(
  conversion: Conversion,
  node: SourceNode | undefined,
  matrixNames: ReadonlySet<string>,
): readonly ServiceDraft[] {
  const written = firstServices(conversion, namedItems(node), ([, item]) => item);
  return written.flatMap(([name, item]): readonly ServiceDraft[] => {
    const keys = takeKeys(conversion, item, 'service');
    const image = textOf(keys.get('image')?.value);
    if (image === null) return [];
    const env = environmentOf(
      conversion,
      keys.get('environment')?.value,
      keys.get('secrets')?.value,
      matrixNames,
    );
    const commands = [...textsOf(keys.get('entrypoint')?.value), ...textsOf(keys.get('commands')?.value)];
    const command = keys.has('commands') ? ['sh', '-c', commands.join('\n')] : commands;
    return [
      {
        name,
        image: woodpeckerText(image, matrixNames),
        env,
        command: command.map((each) => woodpeckerText(each, matrixNames)),
        ready: null,
        from: item,
      },
    ];
  });
}
