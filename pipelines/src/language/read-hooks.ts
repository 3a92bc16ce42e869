import type { Hook } from './definition.ts';
import { field, readFields, requiredField, type Reader } from './fields.ts';
import { hookKeys, hookTypes } from './keys/hook-keys.ts';
import { namesOf } from './keys/key.ts';
import { readDuration } from './read-units.ts';
import { readChoice, readInteger, readPlainText } from './read-values.ts';
import { report, type Reading } from './reading.ts';
import { describeNode, type SourceNode } from './source-node.ts';

export const readHooks: Reader<readonly Hook[]> = (reading, node, name) => {
  if (node.kind !== 'list') {
    const message = `${name} must be a list such as [{ name: smoke, type: pre-rollout, url: https://… }], not ${describeNode(node)}.`;
    report(reading, node, 'wrong-type', message);
    return [];
  }
  const read = node.items.map((item, index) => ({
    item,
    hook: readHook(reading, item, `${name}[${index}]`),
  }));
  read.forEach(({ item, hook }, index) => {
    if (hook.name === '' || read.findIndex((other) => other.hook.name === hook.name) === index) return;
    const message = `${name}: two hooks are called "${hook.name}". Give each a name of its own.`;
    report(reading, item, 'wrong-value', message);
  });
  return read.map(({ hook }) => hook);
};

function readHook(reading: Reading, node: SourceNode, label: string): Hook {
  const fields = readFields(reading, node, label, { known: namesOf(hookKeys) });
  return {
    name: requiredField(fields, 'name', readHookName, 'name: smoke', ''),
    type: requiredField(fields, 'type', readChoice(hookTypes), 'type: pre-rollout', 'post-rollout'),
    url: requiredField(fields, 'url', readAddress, 'url: https://gate.example.com/ok', ''),
    timeoutMs: field(fields, 'timeout', readTimeout, 10_000),
    retries: field(fields, 'retries', readInteger(0, 100), 0),
    metadata: field(fields, 'metadata', readMetadata, {}),
  };
}

const readHookName: Reader<string> = (reading, node, name) => {
  const text = readPlainText(reading, node, name);
  if (text !== '' && !/^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/.test(text)) {
    const message = `${name} must be letters, digits, dashes and underscores, at most 63, such as smoke.`;
    report(reading, node, 'bad-name', message);
  }
  return text;
};

/** A password in an address would be in plans and logs. */
const readAddress: Reader<string> = (reading, node, name) => {
  const text = readPlainText(reading, node, name);
  if (text === '') return text;
  const parsed = /^https?:\/\/([^/?#\s]+)(?:[/?#]\S*)?$/i.exec(text);
  const authority = parsed?.[1];
  if (authority === undefined || text.length > 2_000 || !/^[A-Za-z0-9.[\]:-]+$/.test(authority)) {
    const why = authority?.includes('@') === true ? ' without a name or password in it' : '';
    report(
      reading,
      node,
      'wrong-value',
      `${name} must be an address such as https://gate.example.com/ok${why}.`,
    );
  }
  return text;
};

/** An action of a worker takes a minute at most. */
const readTimeout: Reader<number> = (reading, node, name) => {
  const ms = readDuration(100)(reading, node, name);
  if (ms <= 45_000) return ms;
  report(
    reading,
    node,
    'wrong-value',
    `${name} must be at most 45s. A hook that needs longer is one for an approval.`,
  );
  return 45_000;
};

const readMetadata: Reader<Readonly<Record<string, string>>> = (reading, node, name) => {
  if (node.kind !== 'map') {
    report(
      reading,
      node,
      'wrong-type',
      `${name} must be a map of names and texts, not ${describeNode(node)}.`,
    );
    return {};
  }
  const texts = node.entries.map((entry) => {
    if (!/^[A-Za-z_][A-Za-z0-9_]{0,199}$/.test(entry.key)) {
      const message = `${name}: "${entry.key}" is no name. Use letters, digits and underscores.`;
      report(reading, entry.keySpan, 'bad-name', message);
    }
    return [entry.key, readPlainText(reading, entry.value, `${name}.${entry.key}`)];
  });
  return Object.fromEntries(texts);
};
