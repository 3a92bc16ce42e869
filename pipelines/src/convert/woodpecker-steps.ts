// One step, read: what it runs, when, and what it waits for.
import type { Span } from '../language/source-file.ts';
import type { SourceNode } from '../language/source-node.ts';
import { entriesOf, itemsOf, leftOut, textOf, textsOf, type Conversion } from './conversion.ts';
import { environmentOf } from './woodpecker-env.ts';
import type { DraftMap } from './draft.ts';
import { takeKeys } from './take-keys.ts';
import type { Command } from './script.ts';
import { woodpeckerCommand, woodpeckerText } from './woodpecker-variables.ts';
import { woodpeckerCondition } from './woodpecker-when.ts';

export interface WoodpeckerStep {
  readonly name: string;
  readonly from: Span;
  readonly image: string;
  readonly hasImage: boolean;
  readonly commands: readonly Command[];
  readonly env: DraftMap;
  readonly condition: string | undefined;
  /** Null: after the steps above it. */
  readonly dependsOn: readonly string[] | null;
  readonly group: string | null;
  readonly mayFail: boolean;
  readonly user: string | null;
  /** Of a plugin; undefined: it runs commands. */
  readonly settings: SourceNode | undefined;
}

export function readStep(
  conversion: Conversion,
  name: string,
  node: SourceNode,
  matrixNames: ReadonlySet<string>,
): WoodpeckerStep {
  const keys = takeKeys(conversion, node, 'step');
  const image = textOf(keys.get('image')?.value);
  if (image === null) leftOut(conversion, node, { what: name.slice(0, 60), why: 'it names no image.' });
  const dependsOn = keys.get('depends_on');
  const folder = textOf(keys.get('directory')?.value);
  const commands = commandsOf(keys.get('commands')?.value);
  const [first] = commands;
  return {
    name,
    from: { start: node.start, end: Math.max(node.end, node.start + 1) },
    image: woodpeckerText(image ?? 'busybox:1', matrixNames),
    hasImage: image !== null,
    commands:
      folder === null || first === undefined || !/^[\w./-]+$/.test(folder)
        ? commands
        : [{ text: `cd ${folder}`, from: first.from }, ...commands],
    env: environmentOf(conversion, keys.get('environment')?.value, keys.get('secrets')?.value, matrixNames),
    condition: woodpeckerCondition(conversion, keys.get('when')?.value),
    dependsOn: dependsOn === undefined ? null : textsOf(dependsOn.value),
    group: textOf(keys.get('group')?.value),
    mayFail: textOf(keys.get('failure')?.value) === 'ignore',
    user: textOf(keys.get('user')?.value),
    settings: keys.get('settings')?.value,
  };
}

function commandsOf(node: SourceNode | undefined): readonly Command[] {
  return itemsOf(node).flatMap((item): readonly Command[] => {
    if (item.kind === 'list') return commandsOf(item);
    const text = textOf(item);
    if (text !== null) return [{ text: woodpeckerCommand(text), from: item }];
    return entriesOf(item).map(({ key, value }) => ({
      text: woodpeckerCommand(`${key}: ${textOf(value) ?? ''}`),
      from: item,
    }));
  });
}
