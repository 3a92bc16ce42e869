// Which clusters of an environment get the new version, and which of them after which.
import type { Wave } from './definition.ts';
import { type Reader } from './fields.ts';
import { readList, readPlainText } from './read-values.ts';
import { readPercent } from './read-units.ts';
import { report } from './reading.ts';

const placeNames = /^[a-z0-9]([a-z0-9-]{0,48}[a-z0-9])?$/;

/** Names of clusters and partitions; which there are, the environment knows. */
export const readClusters: Reader<readonly string[]> = (reading, node, name) => {
  if (node.kind === 'list' && node.items.length === 0) {
    report(
      reading,
      node,
      'empty-value',
      `${name} is empty. Name a cluster or a partition, or remove the key.`,
    );
  }
  return readList(readClusterName)(reading, node, name);
};

export const readWaves: Reader<readonly Wave[]> = (reading, node, name) => {
  const waves = readList(readWave)(reading, node, name);
  const rest = waves.findIndex(({ kind }) => kind === 'rest');
  if (waves.length === 0) {
    report(reading, node, 'empty-value', `${name} is empty. Write, for example, ${name}: [1, rest].`);
  } else if (rest !== -1 && rest < waves.length - 1) {
    report(
      reading,
      node,
      'wrong-value',
      `${name}: rest takes all clusters that are left, so it must be the last wave.`,
    );
  }
  return waves;
};

const readWave: Reader<Wave> = (reading, node, name) => {
  if (node.kind === 'list') return { kind: 'named', names: readClusters(reading, node, name) };
  const value = node.kind === 'scalar' ? node.value : null;
  if (typeof value === 'string' && value.trim().endsWith('%')) {
    return { kind: 'share', percent: readPercent(1, 100)(reading, node, name) };
  }
  if (typeof value === 'string') {
    return value === 'rest'
      ? { kind: 'rest' }
      : { kind: 'named', names: [readClusterName(reading, node, name)] };
  }
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 1_000) {
    return { kind: 'count', count: value };
  }
  const message = `${name} must be a number of clusters, a share such as 10%, the name of a cluster or partition, a list of names, or rest.`;
  report(reading, node, 'wrong-value', message);
  return { kind: 'rest' };
};

const readClusterName: Reader<string> = (reading, node, name) => {
  const text = readPlainText(reading, node, name);
  if (text !== '' && !placeNames.test(text)) {
    const message = `${name} must be lower-case letters, digits and dashes, at most 50, such as hz-1.`;
    report(reading, node, 'bad-name', message);
  }
  return text;
};
