// A map of which every key is known. Keys of the language that this version does not have get an answer of their own.
import { foreignKey } from './foreign-keys.ts';
import { closest } from './suggest.ts';
import { isFull, report, type Reading } from './reading.ts';
import { describeNode, type MapEntry, type SourceNode } from './source-node.ts';

export interface Fields {
  readonly reading: Reading;
  /** Begins messages: `stage "test"`, `stage "test": retry`. Empty at the top of the file. */
  readonly label: string;
  readonly node: SourceNode;
  readonly entries: ReadonlyMap<string, MapEntry>;
}

export interface FieldNames {
  readonly known: readonly string[];
  /** In the language, not in this version. */
  readonly later?: readonly string[];
  /** Keys that people look for here, and where the same is said. */
  readonly elsewhere?: Readonly<Record<string, string>>;
}

/** Reads a value by its node; `name` begins messages. */
export type Reader<T> = (reading: Reading, node: SourceNode, name: string) => T;

/** Takes a map apart and reports every key that it should not have. Anything else than a map counts as empty. */
export function readFields(reading: Reading, node: SourceNode, label: string, names: FieldNames): Fields {
  const entries = new Map<string, MapEntry>();
  if (node.kind !== 'map') {
    const what = label === '' ? 'The file' : label;
    const keys = names.known.slice(0, 4).join(', ');
    const isNothing = node.kind === 'scalar' && node.value === null;
    const message = isNothing
      ? `${what} has nothing below it. Give it keys such as ${keys}, each indented further than its name.`
      : `${what} must be a map with keys such as ${keys}, not ${describeNode(node)}.`;
    report(reading, node, 'wrong-type', message);
    return { reading, label, node, entries };
  }
  for (const entry of node.entries) {
    if (names.known.includes(entry.key)) entries.set(entry.key, entry);
    else reportUnknown(reading, entry, label, names);
  }
  return { reading, label, node, entries };
}

/** Like `readFields`, for a map that may be left out altogether: `approve:`. */
export function readOptionalFields(
  reading: Reading,
  node: SourceNode,
  label: string,
  names: FieldNames,
): Fields {
  const isNothing = node.kind === 'scalar' && node.value === null;
  return isNothing ? { reading, label, node, entries: new Map() } : readFields(reading, node, label, names);
}

/** The value of a key, or `fallback` where the key is not there. */
export function field<T, F>(fields: Fields, key: string, read: Reader<T>, fallback: F): T | F {
  const entry = fields.entries.get(key);
  return entry === undefined ? fallback : read(fields.reading, entry.value, nameOf(fields, key));
}

/** The value of a key that must be there; where it is not, that is reported at the map's own place. */
export function requiredField<T>(
  fields: Fields,
  key: string,
  read: Reader<T>,
  example: string,
  fallback: T,
): T {
  if (!fields.entries.has(key) && fields.node.kind === 'map') {
    const at = { start: fields.node.start, end: fields.node.start + 1 };
    report(
      fields.reading,
      at,
      'missing-key',
      `${nameOf(fields, key)} is missing. Add, for example, ${example}.`,
    );
  }
  return field(fields, key, read, fallback);
}

export const nameOf = ({ label }: Fields, key: string): string => {
  if (label === '') return key;
  return label.endsWith('"') ? `${label}: ${key}` : `${label}.${key}`;
};

/** Steps and images are known in a stage: there, a word like them is mistyped. */
function foreignHelp(key: string, label: string): string | null {
  if (/^[\u00a0\u2000-\u200b\u3000]/.test(key))
    return ' The line begins with a space that is none for YAML (a no-break space, perhaps). Type it anew.';
  const help = foreignKey(key);
  return help === null || (label !== '' && (key === 'steps' || key === 'image')) ? null : ` ${help}`;
}

function reportUnknown(
  reading: Reading,
  entry: MapEntry,
  label: string,
  { known, later = [], elsewhere = {} }: FieldNames,
): void {
  if (isFull(reading)) return;
  const where = label === '' ? '' : ` in ${label}`;
  if (later.includes(entry.key)) {
    const message = `${entry.key}${where} is not part of this version of Sluice. Remove it; ${known.slice(0, 8).join(', ')} are understood.`;
    report(reading, entry.keySpan, 'not-supported-yet', message);
    return;
  }
  const place = Object.hasOwn(elsewhere, entry.key) ? elsewhere[entry.key] : undefined;
  if (place !== undefined) {
    report(reading, entry.keySpan, 'unknown-key', `There is no key "${entry.key}"${where}. ${place}`);
    return;
  }
  const suggested = closest(entry.key, [...known, ...later]);
  const isStage = label === '' && entry.value.kind === 'map' && suggested === null;
  const help =
    foreignHelp(entry.key, label) ??
    (suggested === null
      ? `${isStage ? ' If it is a stage, indent it below stages.' : ''} Known keys are ${known.join(', ')}.`
      : ` Did you mean "${suggested}"?`);
  report(reading, entry.keySpan, 'unknown-key', `There is no key "${entry.key}"${where}.${help}`);
}
