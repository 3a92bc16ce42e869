// The combinations of a matrix, in the order of its lists: the last list changes fastest.
import type { Combination, MatrixRules, MatrixValue } from '../language/definition.ts';
import { err, ok, type Result } from '../result.ts';

export const maxCombinations = 256;
/** Before `exclude`; keeps the work bounded. */
const mostBeforeExclude = 4_096;

/** A matrix of which every list is known. */
export interface KnownMatrix extends MatrixRules {
  readonly lists: Readonly<Record<string, readonly MatrixValue[]>>;
}

export interface NamedCombination {
  /** Tells it from the others of its stage: `20, linux`. Letters, digits, `_ . + - ~`, commas and spaces. */
  readonly name: string;
  /** Every name of the matrix. */
  readonly values: Combination;
}

/** Null where a list is still an expression. */
export function knownMatrix(rules: MatrixRules): KnownMatrix | null {
  const lists: Record<string, readonly MatrixValue[]> = {};
  for (const [name, list] of Object.entries(rules.lists)) {
    if (typeof list === 'string') return null;
    lists[name] = list;
  }
  return { ...rules, lists };
}

/** `test (20, linux)` */
export const combinationId = (stage: string, name: string): string => `${stage} (${name})`;

/** The error says how many combinations there would be. */
export function combine({
  lists,
  include,
  exclude,
}: KnownMatrix): Result<readonly NamedCombination[], string> {
  const names = Object.keys(lists);
  const left = exclude.filter((rule) => names.some((name) => Object.hasOwn(rule, name)));
  const total = Object.values(lists).reduce((product, list) => product * list.length, 1);
  if (total > mostBeforeExclude) return err(`the lists have ${total} combinations`);
  const made = (names.length === 0 ? [] : product(Object.entries(lists)))
    .filter((values) => !left.some((rule) => agrees(rule, values, names)))
    .map((values) => ({ values, shown: names }));
  const originals = made.length;
  for (const extra of include) {
    const fitting = made.slice(0, originals).filter(({ values }) => agrees(extra, values, names));
    for (const each of fitting) each.values = { ...each.values, ...extra, ...pick(each.values, names) };
    if (fitting.length === 0) made.push({ values: { ...extra }, shown: Object.keys(extra) });
  }
  if (made.length > maxCombinations) return err(`it has ${made.length} combinations`);
  const all = new Set([...names, ...include.flatMap((each) => Object.keys(each))]);
  const blank = Object.fromEntries([...all].map((name) => [name, '']));
  return ok(named(made).map(({ name, values }) => ({ name, values: { ...blank, ...values } })));
}

function product(lists: readonly (readonly [string, readonly MatrixValue[]])[]): Combination[] {
  return lists.reduce<Combination[]>(
    (before, [name, list]) => before.flatMap((values) => list.map((value) => ({ ...values, [name]: value }))),
    [{}],
  );
}

/** Whether a rule says nothing else about the lists' names; `20` and `'20'` are the same here. */
const agrees = (rule: Combination, values: Combination, names: readonly string[]): boolean =>
  names.every((name) => !Object.hasOwn(rule, name) || String(rule[name]) === String(values[name]));

const pick = (values: Combination, names: readonly string[]): Combination =>
  Object.fromEntries(names.map((name) => [name, values[name] ?? '']));

interface Made {
  readonly values: Combination;
  readonly shown: readonly string[];
}

/** Names depend on the values alone; of equal ones, the later ones are numbered. */
function named(made: readonly Made[]): readonly NamedCombination[] {
  const taken = new Map<string, number>();
  return made.map(({ values, shown }) => {
    const base = shown
      .map((name) => readable(values[name] ?? ''))
      .join(', ')
      .slice(0, 120);
    const count = (taken.get(base) ?? 0) + 1;
    taken.set(base, count);
    return { name: count === 1 ? base : `${base} ~${count}`, values };
  });
}

/** Safe in an address, a file name and a label. */
function readable(value: MatrixValue): string {
  const text = String(value)
    .slice(0, 40)
    .replace(/[^A-Za-z0-9_.+-]+/g, '_');
  return text === '' ? '_' : text;
}
