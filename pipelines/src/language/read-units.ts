// Values with a unit, as people write them, to milliseconds, bytes and fractions.
import { report, type Reading } from './reading.ts';
import type { Reader } from './fields.ts';
import { describeNode, type SourceNode } from './source-node.ts';

const durationUnits: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
/** Timers of JavaScript runtimes cannot wait longer, and no pipeline should. */
const longestMs = 30 * 86_400_000;

/** `10s`, `5m`, `2h`, `14d`, also `1h30m`, to milliseconds, at most 30 days. */
export const readDuration =
  (leastMs = 0): Reader<number> =>
  (reading, node, name) => {
    const ms = durationMs(node);
    if (ms === null) {
      const example = 'a number with a unit, such as 30s, 10m, 2h, 1h30m or 14d';
      return wrong(
        reading,
        node,
        `${name} must be ${example}, not ${describeNode(node)}.`,
        Math.max(leastMs, 1),
      );
    }
    if (ms < leastMs) return wrong(reading, node, `${name} must be at least ${leastMs / 1_000}s.`, leastMs);
    if (ms > longestMs) return wrong(reading, node, `${name} must be at most 30d.`, leastMs);
    return ms;
  };

function durationMs(node: SourceNode): number | null {
  if (node.kind !== 'scalar') return null;
  if (node.value === 0) return 0;
  return typeof node.value === 'string' ? parseDuration(node.value) : null;
}

/** `10s`, `1h30m`, `14d` to milliseconds; null: it is none. */
export function parseDuration(written: string): number | null {
  if (written.length > 40) return null;
  const text = written.trim();
  if (!/^(\d+(\.\d+)?(ms|s|m|h|d))+$/.test(text)) return null;
  let total = 0;
  for (const [, amount = '', unit = ''] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)) {
    total += Number(amount) * (durationUnits[unit] ?? 0);
  }
  return Math.round(total);
}

const sizeUnits: Readonly<Record<string, number>> = {
  Ki: 1_024,
  Mi: 1_024 ** 2,
  Gi: 1_024 ** 3,
  Ti: 1_024 ** 4,
  K: 1_000,
  M: 1_000 ** 2,
  G: 1_000 ** 3,
  T: 1_000 ** 4,
};
/** Docker refuses containers with less. */
const leastMemory = 6 * 1_024 ** 2;

/** `512Mi`, `2Gi` (powers of 1024) or `500M`, `2G` (powers of 1000), to bytes. */
export const readMemory: Reader<number> = (reading, node, name) => {
  const text = node.kind === 'scalar' && typeof node.value === 'string' ? node.value.trim() : '';
  const [, amount = '', unit = ''] = /^(\d{1,9}(?:\.\d{1,3})?)(Ki|Mi|Gi|Ti|K|M|G|T)$/.exec(text) ?? [];
  const factor = sizeUnits[unit];
  if (factor === undefined) {
    return wrong(
      reading,
      node,
      `${name} must be a size such as 512Mi or 2Gi, not ${describeNode(node)}.`,
      leastMemory,
    );
  }
  const bytes = Math.round(Number(amount) * factor);
  if (bytes < leastMemory) return wrong(reading, node, `${name} must be at least 6Mi.`, leastMemory);
  return bytes;
};

/** `95%` or `0.95` to 0.95; both bounds are refused. */
export const readFraction =
  (above: number, below: number): Reader<number> =>
  (reading, node, name) => {
    const fraction = fractionOf(node);
    if (fraction !== null && fraction > above && fraction < below) return fraction;
    const message = `${name} must be a share between ${percent(above)} and ${percent(below)}, such as ${percent((above + below) / 2)}, not ${describeNode(node)}.`;
    return wrong(reading, node, message, (above + below) / 2);
  };

function fractionOf(node: SourceNode): number | null {
  if (node.kind !== 'scalar') return null;
  if (typeof node.value === 'number') return node.value;
  const [, amount] =
    /^(\d{1,3}(?:\.\d{1,6})?)\s*%$/.exec(typeof node.value === 'string' ? node.value : '') ?? [];
  return amount === undefined ? null : Number((Number(amount) / 100).toPrecision(12));
}

const percent = (fraction: number): string => `${Number((fraction * 100).toPrecision(6))}%`;

/** `1.5x` to 1.5, at least 1. */
export const readRatio: Reader<number> = (reading, node, name) => {
  const text = node.kind === 'scalar' && typeof node.value === 'string' ? node.value : '';
  const [, amount] = /^(\d{1,3}(?:\.\d{1,3})?)x$/.exec(text) ?? [];
  const ratio = Number(amount ?? Number.NaN);
  if (ratio >= 1) return ratio;
  return wrong(
    reading,
    node,
    `${name} must be a ratio of at least 1x, such as 1.5x, not ${describeNode(node)}.`,
    1,
  );
};

/** `10%` to 0.1, from 0.1 % to 1000 %: by how much a measured value may lie above another. */
export const readTolerance: Reader<number> = (reading, node, name) => {
  const text = node.kind === 'scalar' && typeof node.value === 'string' ? node.value : '';
  const [, amount] = /^(\d{1,4}(?:\.\d{1,3})?)\s*%$/.exec(text) ?? [];
  const tolerance = Number((Number(amount ?? Number.NaN) / 100).toPrecision(12));
  if (tolerance >= 0.001 && tolerance <= 10) return tolerance;
  const message = `${name} must be a percentage by which values may be higher, such as 10%, not ${describeNode(node)}.`;
  return wrong(reading, node, `${message} Counters, which have "of", take a ratio such as 1.5x.`, 0.1);
};

/** A plain number in the query's own unit, or a duration, which is in seconds as in every metric of Prometheus. */
export const readCeiling: Reader<number> = (reading, node, name) => {
  const ms = durationMs(node);
  const value = node.kind === 'scalar' && typeof node.value === 'number' ? node.value : Number.NaN;
  const ceiling = Number.isNaN(value) && ms !== null ? ms / 1_000 : value;
  if (ceiling > 0 && Number.isFinite(ceiling)) return ceiling;
  const message = `${name} must be a number above 0 in the query's own unit, or a duration such as 2s, not ${describeNode(node)}.`;
  return wrong(reading, node, message, 1);
};

/** `10`, `10%` to a whole percentage. */
export const readPercent =
  (least: number, most: number): Reader<number> =>
  (reading, node, name) => {
    const value = node.kind === 'scalar' ? node.value : null;
    const text = typeof value === 'string' ? /^(\d{1,3})\s*%$/.exec(value)?.[1] : undefined;
    const percentage = typeof value === 'number' ? value : Number(text ?? Number.NaN);
    if (Number.isInteger(percentage) && percentage >= least && percentage <= most) return percentage;
    return wrong(
      reading,
      node,
      `${name} must be a whole percentage from ${least} to ${most}, not ${describeNode(node)}.`,
      least,
    );
  };

function wrong(reading: Reading, node: SourceNode, message: string, fallback: number): number {
  report(reading, node, 'wrong-value', message);
  return fallback;
}
