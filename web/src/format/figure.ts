/** 1234567 as `1,234,567`. */
export const formatCount = (count: number): string => Math.round(count).toLocaleString('en-US');

/** A part of a whole, 0 … 1, with the digits that its size deserves: `0.12 %`, `4.9 %`, `99.95 %`. */
export function formatRate(rate: number): string {
  const percent = rate * 100;
  if (percent === 0 || percent === 100) return `${percent} %`;
  const fromEdge = Math.min(Math.abs(percent), Math.abs(100 - percent));
  const digits = fromEdge < 0.1 ? 3 : fromEdge < 1 ? 2 : 1;
  return `${percent.toFixed(digits)} %`;
}

/** A percentage that is one already: `10 %`, `9.7 %`. */
export const formatPercent = (percent: number): string =>
  `${Number.isInteger(percent) ? percent : percent.toFixed(1)} %`;

/** A latency: `0.8 ms`, `12 ms`, `1.24 s`. */
export function formatLatency(ms: number): string {
  if (ms >= 1_000) return `${(ms / 1_000).toFixed(2)} s`;
  return `${ms.toFixed(ms < 10 && ms > 0 ? 1 : 0)} ms`;
}

export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1_000 && unit < units.length - 1) {
    value /= 1_000;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit] ?? ''}`;
}
