// The combinations of a matrix, in the order of its lists: the last list changes fastest.
import type { Combination, MatrixRules, MatrixValue } from '../language/definition.ts';
import { err, ok, type Result } from '../result.ts';

export const maxCombinations = 256;
/** Before `exclude`; keeps the work bounded. */
export const mostBeforeExclude = 4_096;

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

/** The product of the lists' lengths. */
export const countBeforeExclude = (lists: KnownMatrix['lists']): number =>
  Object.values(lists).reduce((product, list) => product * list.length, 1);

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
  const total = countBeforeExclude(lists);
  if (total > mostBeforeExclude) return err(`the lists have ${total} combinations`);
  const isLeftOut = excluding(exclude, names);
  const made: Made[] = (names.length === 0 ? [] : product(Object.entries(lists)))
    .filter((values) => !isLeftOut(values))
    .map((values) => ({ values, shown: names }));
  if (made.length > maxCombinations) return err(`it has ${made.length} combinations`);
  const fittingOf = finder([...made], names);
  for (const extra of include) {
    const fitting = fittingOf(extra);
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

/** Of the lists' names, those that a rule says. */
const saidBy = (rule: Combination, names: readonly string[]): readonly string[] =>
  names.filter((name) => Object.hasOwn(rule, name));

/** Equal for combinations that have the same values there; `20` and `'20'` are the same here. */
const keyOf = (values: Combination, names: readonly string[]): string =>
  JSON.stringify(names.map((name) => String(values[name])));

/** Rules that say the same names are asked together, so that a combination is looked at once for all of them. */
function excluding(
  rules: readonly Combination[],
  names: readonly string[],
): (values: Combination) => boolean {
  const groups = new Map<string, { readonly said: readonly string[]; readonly keys: Set<string> }>();
  for (const rule of rules) {
    const said = saidBy(rule, names);
    if (said.length === 0) continue;
    const group = groups.get(said.join()) ?? { said, keys: new Set<string>() };
    group.keys.add(keyOf(rule, said));
    groups.set(said.join(), group);
  }
  const all = [...groups.values()];
  return (values) => all.some(({ said, keys }) => keys.has(keyOf(values, said)));
}

/** Finds the combinations that a rule agrees with, by an index for each set of names that rules say. */
function finder(made: readonly Made[], names: readonly string[]): (rule: Combination) => readonly Made[] {
  const indexes = new Map<string, Map<string, Made[]>>();
  return (rule) => {
    const said = saidBy(rule, names);
    const index = indexes.get(said.join()) ?? new Map<string, Made[]>();
    if (!indexes.has(said.join())) {
      indexes.set(said.join(), index);
      for (const each of made) {
        const key = keyOf(each.values, said);
        const same = index.get(key);
        if (same === undefined) index.set(key, [each]);
        else same.push(each);
      }
    }
    return index.get(keyOf(rule, said)) ?? [];
  };
}

const pick = (values: Combination, names: readonly string[]): Combination =>
  Object.fromEntries(names.map((name) => [name, values[name] ?? '']));

interface Made {
  values: Combination;
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
