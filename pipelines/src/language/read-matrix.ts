import {
  combine,
  countBeforeExclude,
  knownMatrix,
  maxCombinations,
  mostBeforeExclude,
} from '../plan/combine.ts';
import type { Combination, MatrixRules, MatrixValue, Template } from './definition.ts';
import { readTemplate, type TemplateContext } from './read-templates.ts';
import { checkName, readList, readRecord, variableName } from './read-values.ts';
import { isFull, report, suggestion, type Reading } from './reading.ts';
import { describeNode, type MapEntry, type SourceNode } from './source-node.ts';
import type { Reader } from './fields.ts';

/** Lists by name, and `include` and `exclude`. A list may come from an expression: then it is checked when it is there. */
export const readMatrix =
  (context: TemplateContext): Reader<MatrixRules> =>
  (reading, node, name) => {
    const none: MatrixRules = { lists: {}, include: [], exclude: [] };
    if (node.kind !== 'map') {
      const message = `${name} must be a map of names to lists, such as { node: [20, 22] }, not ${describeNode(node)}.`;
      report(reading, node, 'wrong-type', message);
      return none;
    }
    const lists: [string, readonly MatrixValue[] | Template][] = [];
    let { include, exclude } = none;
    for (const entry of node.entries) {
      const label = `${name}.${entry.key}`;
      if (entry.key === 'include') include = readList(readCombination)(reading, entry.value, label);
      else if (entry.key === 'exclude') exclude = readList(readCombination)(reading, entry.value, label);
      else {
        checkName(reading, entry, name, variableName);
        lists.push([entry.key, readValues(reading, entry.value, label, context)]);
      }
    }
    const rules: MatrixRules = { lists: Object.fromEntries(lists), include, exclude };
    if (!hasRoom(reading, node, name, rules)) return none;
    checkExclude(reading, node.entries, name, rules);
    checkSize(reading, node, name, rules);
    return rules;
  };

/** Names that `matrix.` may be followed by. */
export const matrixNames = ({ lists, include }: MatrixRules): readonly string[] => [
  ...new Set([...Object.keys(lists), ...include.flatMap((each) => Object.keys(each))]),
];

/** Every value that a name can have; null: not known from the file. */
export function matrixValues({ lists, include }: MatrixRules, name: string): readonly MatrixValue[] | null {
  const list = Object.hasOwn(lists, name) ? lists[name] : undefined;
  if (typeof list === 'string') return null;
  const added = include.flatMap((each) => (Object.hasOwn(each, name) ? [each[name] ?? ''] : []));
  // Who is not given a name by `include` has it as an empty text.
  return list === undefined ? ['', ...added] : [...list, ...added];
}

const readCombination: Reader<Combination> = (reading, node, name) =>
  readRecord((_, entry, label) => readValue(reading, entry.value, label), variableName)(reading, node, name);

function readValues(
  reading: Reading,
  node: SourceNode,
  name: string,
  context: TemplateContext,
): readonly MatrixValue[] | Template {
  if (node.kind === 'scalar' && typeof node.value === 'string' && node.value.includes('${{'))
    return readTemplate(reading, node, name, 'matrix', context);
  if (node.kind !== 'list') {
    const message = `${name} must be a list, such as [20, 22], or an expression that gives one, not ${describeNode(node)}.`;
    report(reading, node, 'wrong-type', message);
    return [];
  }
  if (node.items.length === 0)
    report(reading, node, 'empty-value', `${name} is empty, so the stage would never run. Add a value.`);
  const values = node.items.map((item, index) => readValue(reading, item, `${name}[${index}]`));
  const seen = new Set<string>();
  values.forEach((value, index) => {
    const item = node.items[index];
    if (seen.has(String(value)) && item !== undefined && !isFull(reading))
      report(reading, item, 'duplicate-value', `${name} has ${String(value)} twice. Remove one of them.`);
    seen.add(String(value));
  });
  return values;
}

function readValue(reading: Reading, node: SourceNode, name: string): MatrixValue {
  if (node.kind !== 'scalar' || node.value === null) {
    const message = `${name} must be text, a number, true or false, not ${describeNode(node)}.`;
    report(reading, node, 'wrong-type', message);
    return '';
  }
  const { value, written } = node;
  if (typeof value === 'number' && String(value) !== written) {
    const message = `${name}: ${written} is read as the number ${value}. Write '${written}', in quotes, to keep it as it is.`;
    report(reading, node, 'number-changes', message);
  }
  if (typeof value === 'string' && value.includes('${{')) {
    const message = `${name} is fixed and may not hold an expression. Let an expression give the whole list.`;
    report(reading, node, 'no-expression-here', message);
  }
  return value;
}

/** What `exclude` names must be in the lists, or nothing is ever left out. */
function checkExclude(
  reading: Reading,
  entries: readonly MapEntry[],
  name: string,
  { lists }: MatrixRules,
): void {
  const node = entries.find((entry) => entry.key === 'exclude')?.value;
  const items = node?.kind === 'list' ? node.items : node === undefined ? [] : [node];
  for (const entry of items.flatMap((item) => (item.kind === 'map' ? item.entries : []))) {
    if (isFull(reading)) return;
    if (!Object.hasOwn(lists, entry.key)) {
      const help = suggestion(reading, entry.key, Object.keys(lists));
      const message = `${name}.exclude names "${entry.key}", which is no list of this matrix.${help}`;
      report(reading, entry.keySpan, 'unknown-name', message);
      continue;
    }
    const list = lists[entry.key] ?? [];
    const value = entry.value.kind === 'scalar' ? entry.value.value : null;
    if (typeof list === 'string' || value === null || list.some((each) => String(each) === String(value)))
      continue;
    const message = `${name}.exclude: ${entry.key} is never ${String(value)}. It is one of ${list.join(', ')}.`;
    report(reading, entry.value, 'impossible-comparison', message);
  }
}

/** Whether the combinations can be made at all: of a file as a whole, and by the rules of one matrix. */
function hasRoom(reading: Reading, node: SourceNode, name: string, rules: MatrixRules): boolean {
  for (const key of ['include', 'exclude'] as const) {
    if (rules[key].length <= maxCombinations) continue;
    const message = `${name}.${key} has ${rules[key].length} entries, and at most ${maxCombinations} are read. Say more with each, or make two stages.`;
    report(reading, node, 'too-many-combinations', message);
    return false;
  }
  const { lists } = knownMatrix(rules) ?? { lists: {} };
  reading.room.combinations -= Math.min(countBeforeExclude(lists), mostBeforeExclude);
  if (reading.room.combinations >= 0) return true;
  const message = `${name}: the matrices of this file have too many combinations before exclude takes some away. Shorten the lists, or split the file into several pipelines.`;
  report(reading, node, 'too-many-combinations', message);
  return false;
}

function checkSize(reading: Reading, node: SourceNode, name: string, rules: MatrixRules): void {
  if (Object.keys(rules.lists).length === 0 && rules.include.length === 0) {
    const message = `${name} has no list, so the stage would never run. Add one, such as node: [20, 22].`;
    report(reading, node, 'empty-value', message);
    return;
  }
  const lists = Object.entries(rules.lists);
  const written = lists.flatMap(([key, list]) => (typeof list === 'string' ? [] : [[key, list] as const]));
  // The lengths of the other lists are not known: each counts as one.
  const known = written.length === lists.length ? rules : { ...rules, include: [], exclude: [] };
  const combined = combine({ ...known, lists: Object.fromEntries(written) });
  if (!combined.ok) {
    const message = `${name}: ${combined.error}. At most ${maxCombinations} combinations can be run: shorten the lists, or make two stages.`;
    report(reading, node, 'too-many-combinations', message);
  } else if (combined.value.length === 0 && written.length === lists.length) {
    const hasEmpty = written.some(([, list]) => list.length === 0);
    if (!hasEmpty)
      report(reading, node, 'empty-value', `${name}.exclude leaves no combination. Leave out less.`);
  }
}
