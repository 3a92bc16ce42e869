// Readers of single values. Each reports what is wrong with its node and gives a value to go on with.
import { isFull, report, suggestion, type Reading } from './reading.ts';
import type { Reader } from './fields.ts';
import { describeNode, type MapEntry, type ScalarNode, type SourceNode } from './source-node.ts';

export interface TextNode extends ScalarNode {
  readonly value: string;
}

/** Text that is not empty. */
export const readText: Reader<string> = (reading, node, name) =>
  readTextNode(reading, node, name)?.value ?? '';

/** Text that may be empty. */
export const readAnyText: Reader<string> = (reading, node, name) =>
  readAnyTextNode(reading, node, name)?.value ?? '';

/** Text that is not empty, with its place; null after a report. */
export function readTextNode(reading: Reading, node: SourceNode, name: string): TextNode | null {
  const text = readAnyTextNode(reading, node, name);
  if (text === null) return null;
  if (text.value.trim() !== '') return text;
  report(reading, node, 'empty-value', `${name} is empty. Write a value, or remove the key.`);
  return null;
}

/** Text that may be empty, with its place; null after a report. */
export function readAnyTextNode(reading: Reading, node: SourceNode, name: string): TextNode | null {
  if (node.kind === 'scalar' && typeof node.value === 'string') return { ...node, value: node.value };
  const quoted = node.kind === 'scalar' && node.value !== null ? ` Write '${node.written}', in quotes.` : '';
  const braces = node.kind === 'map' && reading.source.text.startsWith('{', node.start);
  const several = node.kind === 'list' ? ' Write one value.' : quoted;
  const help = braces ? ' A value that begins with { must stand in quotes: "${{ … }}".' : several;
  report(reading, node, 'wrong-type', `${name} must be text, not ${describeNode(node)}.${help}`);
  return null;
}

/** Text in which `${{ … }}` has no meaning. */
export const readPlainText: Reader<string> = (reading, node, name) => {
  const text = readText(reading, node, name);
  if (text.includes('${{')) {
    report(
      reading,
      node,
      'no-expression-here',
      `${name} is fixed and may not hold an expression. Write the value itself.`,
    );
  }
  return text;
};

export const readBoolean: Reader<boolean> = (reading, node, name) => {
  if (node.kind === 'scalar' && typeof node.value === 'boolean') return node.value;
  const written = node.kind === 'scalar' && typeof node.value === 'string' ? node.value.toLowerCase() : '';
  const meant = ['true', 'yes', 'on'].includes(written)
    ? 'true'
    : ['false', 'no', 'off'].includes(written)
      ? 'false'
      : null;
  const help = meant === null ? '' : ` Write ${meant}, without quotes.`;
  report(reading, node, 'wrong-type', `${name} must be true or false, not ${describeNode(node)}.${help}`);
  return false;
};

export const readInteger =
  (least: number, most: number): Reader<number> =>
  (reading, node, name) => {
    const value = node.kind === 'scalar' ? node.value : null;
    if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value;
    const range = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
    report(
      reading,
      node,
      'wrong-type',
      `${name} must be a whole number ${range}, not ${describeNode(node)}.${isQuotedNumber(value) ? ` Write ${value.trim()}, without quotes.` : ''}`,
    );
    return least;
  };

const isQuotedNumber = (value: unknown): value is string =>
  typeof value === 'string' && value.trim() !== '' && Number.isFinite(Number(value));

export const readNumber =
  (least: number, most: number): Reader<number> =>
  (reading, node, name) => {
    const value = node.kind === 'scalar' ? node.value : null;
    if (typeof value === 'number' && value >= least && value <= most) return value;
    const range = most === Number.MAX_SAFE_INTEGER ? '' : ` from ${least} to ${most}`;
    const help = isQuotedNumber(value) ? ` Write ${value.trim()}, without quotes.` : '';
    const message = `${name} must be a number${range}, not ${describeNode(node)}.${help}`;
    report(reading, node, 'wrong-type', message);
    return least;
  };

/** One of a few words; `later` are words of the language that this version does not have. */
export const readChoice =
  <T extends string>(choices: readonly [T, ...T[]], later: readonly string[] = []): Reader<T> =>
  (reading, node, name) => {
    const value = node.kind === 'scalar' ? node.value : null;
    const found = choices.find((choice) => choice === value);
    if (found !== undefined) return found;
    const known = choices.join(', ');
    if (typeof value === 'string' && later.includes(value)) {
      report(
        reading,
        node,
        'not-supported-yet',
        `${name}: ${value} is not part of this version of Sluice. Use one of ${known}.`,
      );
      return choices[0];
    }
    const help = typeof value === 'string' ? suggestion(reading, value, choices) : '';
    report(
      reading,
      node,
      'wrong-value',
      `${name} must be one of ${known}, not ${describeNode(node)}.${help}`,
    );
    return choices[0];
  };

/** A list; a single value stands for a list of one. */
export const readList =
  <T>(read: Reader<T>): Reader<readonly T[]> =>
  (reading, node, name) => {
    if (node.kind !== 'list') return [read(reading, node, name)];
    return node.items.map((item, index) => read(reading, item, `${name}[${index}]`));
  };

/** A map of names that the author chooses. */
export const readRecord =
  <T>(
    read: (reading: Reading, entry: MapEntry, name: string) => T,
    rule: NameRule,
  ): Reader<Readonly<Record<string, T>>> =>
  (reading, node, name) => {
    if (node.kind === 'scalar' && node.value === null) return {};
    if (node.kind !== 'map') {
      report(
        reading,
        node,
        'wrong-type',
        `${name} must be a map of names to values, not ${describeNode(node)}.${node.kind === 'list' ? ' Write lines of "name: value", without "- ".' : ''}`,
      );
      return {};
    }
    const pairs = node.entries.map((entry): [string, T] => {
      checkName(reading, entry, name, rule);
      return [entry.key, read(reading, entry, `${name}.${entry.key}`)];
    });
    return Object.fromEntries(pairs);
  };

export interface NameRule {
  readonly pattern: RegExp;
  readonly says: string;
}

export const variableName: NameRule = {
  pattern: /^[A-Za-z_][A-Za-z0-9_]{0,199}$/,
  says: 'letters, digits and underscores, not beginning with a digit',
};

export const wordName: NameRule = {
  pattern: /^[A-Za-z][A-Za-z0-9_-]{0,62}$/,
  says: 'at most 63 letters, digits, - and _, beginning with a letter',
};

/** Names that objects already have would be found where nothing was written. */
const reserved: ReadonlySet<string> = new Set(Object.getOwnPropertyNames(Object.prototype));

export function checkName(reading: Reading, entry: MapEntry, name: string, rule: NameRule): void {
  if (isFull(reading)) return;
  if (reserved.has(entry.key)) {
    report(
      reading,
      entry.keySpan,
      'bad-name',
      `${name}: "${entry.key}" is a reserved name. Choose another one.`,
    );
  } else if (!rule.pattern.test(entry.key)) {
    report(
      reading,
      entry.keySpan,
      'bad-name',
      `${name}: "${entry.key.slice(0, 60)}" is not a name here. Use ${rule.says}.`,
    );
  }
}
