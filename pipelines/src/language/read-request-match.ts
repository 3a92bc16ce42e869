import type { RequestMatch } from './definition.ts';
import { readFields, type Reader } from './fields.ts';
import { requestMatchKeys, requestNames, requestValues } from './keys/request-keys.ts';
import { namesOf } from './keys/key.ts';
import { readText } from './read-values.ts';
import { report } from './reading.ts';
import { describeNode } from './source-node.ts';

/** `{ header: { x-canary: '1' }, cookie: { group: b } }`: all of them have to be true of a request. */
export const readRequestMatch: Reader<readonly RequestMatch[]> = (reading, node, name) => {
  const fields = readFields(reading, node, name, { known: namesOf(requestMatchKeys) });
  const match = kinds.flatMap((kind) => {
    const entry = fields.entries.get(kind);
    return entry === undefined ? [] : readConditions(kind)(reading, entry.value, `${name}.${kind}`);
  });
  if (node.kind === 'map' && node.entries.length === 0) {
    report(reading, node, 'empty-value', `${name} is empty. Write, for example, header: { x-canary: '1' }.`);
  }
  return match;
};

/** `{ x-canary: '1' }` */
export const readHeaderMatch: Reader<readonly RequestMatch[]> = (reading, node, name) =>
  readConditions('header')(reading, node, name);

const kinds = ['header', 'cookie', 'query'] as const;

const readConditions =
  (kind: RequestMatch['kind']): Reader<readonly RequestMatch[]> =>
  (reading, node, name) => {
    if (node.kind !== 'map' || node.entries.length === 0) {
      const message = `${name} must be a map of names and values such as { group: b }, not ${describeNode(node)}.`;
      report(reading, node, 'wrong-type', message);
      return [];
    }
    return node.entries.map((entry) => {
      if (!namePattern.test(entry.key)) {
        const message = `${name}: "${entry.key}" cannot be the name of a ${kind}. Use letters, digits, dots, dashes and underscores, at most 100.`;
        report(reading, entry.keySpan, 'bad-name', message);
      }
      const value = readText(reading, entry.value, `${name}.${entry.key}`);
      if (value !== '' && !valuePattern.test(value)) {
        const message = `${name}.${entry.key} must be plain text of at most 500 printable ASCII characters: it is compared whole, and routers know no other.`;
        report(reading, entry.value, 'wrong-value', message);
      }
      return { kind, name: entry.key, value };
    });
  };

const namePattern = new RegExp(requestNames);
const valuePattern = new RegExp(requestValues);
