// Jobs as they are when everything is put together: `extends`, `!reference`, `default` and `inherit`.
import type { MapEntry, MapNode, SourceNode } from '../language/source-node.ts';
import { entriesOf, entryOf, leftOut, spanOfEntry, textOf, textsOf, type Conversion } from './conversion.ts';
import { gitlabKeys } from './gitlab-keys.ts';
import { shortKey, takeKey } from './take-keys.ts';
import type { SourceText } from './read-source.ts';

export interface GitlabJob {
  readonly name: string;
  readonly entry: MapEntry;
  /** Own keys, those of what it extends, and the file's defaults. */
  readonly keys: ReadonlyMap<string, MapEntry>;
}

export interface GitlabFile {
  readonly globals: ReadonlyMap<string, MapEntry>;
  readonly jobs: readonly GitlabJob[];
}

const mostJobs = 500;
/** Entries that `extends` and `!reference` may bring together in all. */
const mostParts = 20_000;

interface Resolving {
  readonly conversion: Conversion;
  readonly source: SourceText;
  readonly all: ReadonlyMap<string, MapEntry>;
  parts: number;
  /** Names that `extends` and `!reference` lead to. */
  readonly used: Set<string>;
}

export function readGitlabFile(conversion: Conversion, source: SourceText): GitlabFile {
  const all = new Map(entriesOf(source.root).map((entry) => [entry.key, entry]));
  const resolving: Resolving = { conversion, source, all, parts: 0, used: new Set() };
  const globals = new Map<string, MapEntry>();
  const jobEntries: MapEntry[] = [];
  for (const entry of all.values()) {
    const isGlobal = Object.hasOwn(gitlabKeys.pipeline, entry.key) && !isJob(entry);
    if (isGlobal) {
      if (takeKey(conversion, entry, 'pipeline')) globals.set(entry.key, withoutReferences(resolving, entry));
    } else if (!entry.key.startsWith('.')) jobEntries.push(entry);
  }
  const defaults = readDefaults(conversion, globals);
  const jobs = jobEntries.slice(0, mostJobs).flatMap((entry) => readJob(resolving, entry, defaults) ?? []);
  noteUnused(resolving);
  const [beyond] = jobEntries.slice(mostJobs);
  if (beyond !== undefined)
    leftOut(conversion, beyond.keySpan, {
      what: `${jobEntries.length - mostJobs} jobs`,
      why: `at most ${mostJobs} jobs of a file are converted.`,
    });
  return { globals, jobs };
}

/** Templates of files that include this one; what has an anchor is used by an alias. */
function noteUnused({ conversion, source, all, used }: Resolving): void {
  const unused = [...all.values()].filter(
    ({ key, keySpan, value }) =>
      key.startsWith('.') &&
      !used.has(key) &&
      value.kind === 'map' &&
      !/&[\w-]/.test(source.source.text.slice(keySpan.start, value.end)),
  );
  const [first, ...rest] = unused;
  if (first === undefined) return;
  leftOut(conversion, first.keySpan, {
    what:
      [first, ...rest.slice(0, 4)].map(({ key }) => shortKey(key)).join(', ') +
      (rest.length > 4 ? ` and ${rest.length - 4} more` : ''),
    why: 'no job of this file uses it.',
    whatToDo: 'Convert the files that include this one as well, with its text in them.',
  });
}

/** `pages` and `image` may be the name of a job. */
const isJob = (entry: MapEntry): boolean =>
  entry.value.kind === 'map' &&
  entry.value.entries.some(({ key }) => ['script', 'extends', 'trigger'].includes(key)) &&
  entry.key !== 'default';

const inherited = ['image', 'services', 'cache', 'before_script', 'after_script'] as const;

function readDefaults(
  conversion: Conversion,
  globals: ReadonlyMap<string, MapEntry>,
): ReadonlyMap<string, MapEntry> {
  const defaults = new Map<string, MapEntry>();
  for (const key of inherited) {
    const entry = globals.get(key);
    if (entry !== undefined) defaults.set(key, entry);
  }
  for (const entry of entriesOf(globals.get('default')?.value)) {
    if (takeKey(conversion, entry, 'default')) defaults.set(entry.key, entry);
  }
  return defaults;
}

function readJob(
  resolving: Resolving,
  entry: MapEntry,
  defaults: ReadonlyMap<string, MapEntry>,
): GitlabJob | null {
  const { conversion } = resolving;
  conversion.met.set(entry.keySpan.start, { ...spanOfEntry(entry), name: 'job' });
  if (entry.value.kind !== 'map') {
    leftOut(conversion, entry.keySpan, { what: shortKey(entry.key), why: 'a job is a map with a script.' });
    return null;
  }
  const own = extended(resolving, entry, new Set([entry.key]));
  const keys = new Map<string, MapEntry>();
  for (const each of own) if (takeKey(conversion, each, 'job')) keys.set(each.key, each);
  for (const [key, each] of defaults) {
    if (!keys.has(key) && inherits(keys.get('inherit')?.value, key)) keys.set(key, each);
  }
  return { name: entry.key, entry, keys };
}

function inherits(node: SourceNode | undefined, key: string): boolean {
  const rule = entryOf(node, 'default')?.value;
  if (rule?.kind === 'scalar' && rule.value === false) return false;
  return rule?.kind === 'list' ? textsOf(rule).includes(key) : true;
}

/** A job's entries on top of those of what it extends, the last named first of all; maps are merged key by key. */
function extended(resolving: Resolving, job: MapEntry, path: ReadonlySet<string>): readonly MapEntry[] {
  const own = entriesOf(job.value).map((entry) => withoutReferences(resolving, entry));
  const bases = entryOf(job.value, 'extends');
  let merged: readonly MapEntry[] = [];
  for (const base of bases?.value.kind === 'list'
    ? bases.value.items
    : bases === undefined
      ? []
      : [bases.value]) {
    const name = textOf(base) ?? '';
    const target = resolving.all.get(name);
    resolving.used.add(name);
    if (target === undefined || path.has(name) || path.size > 11) {
      const why = target === undefined ? 'it is not in this file.' : 'it extends itself, or too deep.';
      leftOut(resolving.conversion, base, {
        what: `extends ${shortKey(name)}`,
        why,
        whatToDo: 'Write its keys here.',
      });
    } else {
      merged = mergeEntries(resolving, merged, extended(resolving, target, new Set([...path, name])));
    }
  }
  return mergeEntries(resolving, merged, own);
}

function mergeEntries(
  resolving: Resolving,
  below: readonly MapEntry[],
  above: readonly MapEntry[],
): readonly MapEntry[] {
  resolving.parts += below.length + above.length;
  if (below.length === 0 || resolving.parts > mostParts) return above;
  const merged = new Map(below.map((entry) => [entry.key, entry]));
  for (const entry of above) {
    const under = merged.get(entry.key)?.value;
    const both = under?.kind === 'map' && entry.value.kind === 'map';
    merged.set(entry.key, both ? { ...entry, value: mergeMaps(resolving, under, entry.value) } : entry);
  }
  return [...merged.values()];
}

const mergeMaps = (resolving: Resolving, below: SourceNode, above: SourceNode): SourceNode =>
  below.kind === 'map' && above.kind === 'map'
    ? ({ ...above, entries: mergeEntries(resolving, below.entries, above.entries) } satisfies MapNode)
    : above;

const withoutReferences = (resolving: Resolving, entry: MapEntry): MapEntry => ({
  ...entry,
  value: followed(resolving, entry.value, 0),
});

/** The value with each `!reference [job, key]` replaced by what it means; in a list, its items. */
function followed(resolving: Resolving, node: SourceNode, depth: number): SourceNode {
  if (resolving.source.references.size === 0) return node;
  resolving.parts += 1;
  if (resolving.parts > mostParts) return { ...node, kind: 'scalar', value: null, written: '' };
  if (node.kind === 'scalar') return node;
  if (node.kind === 'map')
    return {
      ...node,
      entries: node.entries.map((entry) => ({ ...entry, value: followed(resolving, entry.value, depth) })),
    };
  if (isReference(resolving, node)) return target(resolving, node, depth);
  const items = node.items.flatMap((each) => {
    const value = followed(resolving, each, depth);
    return isReference(resolving, each) && value.kind === 'list' ? value.items : [value];
  });
  return { ...node, items };
}

const isReference = ({ source }: Resolving, node: SourceNode): boolean =>
  node.kind === 'list' && source.references.has(node.start);

function target(resolving: Resolving, node: SourceNode, depth: number): SourceNode {
  const path = textsOf(node);
  resolving.used.add(path[0] ?? '');
  let found: SourceNode | undefined = resolving.source.root;
  for (const key of path) found = entryOf(found, key)?.value;
  if (found !== undefined && found !== resolving.source.root && depth < 10)
    return followed(resolving, found, depth + 1);
  leftOut(resolving.conversion, node, {
    what: `!reference [${shortKey(path.join(', '))}]`,
    why: 'it is not in this file.',
    whatToDo: 'Write here what it stands for.',
  });
  return { kind: 'list', items: [], size: 1, start: node.start, end: node.end };
}
