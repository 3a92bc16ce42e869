// Figures as people read them, the same on every machine (no locale data).

/** `1,204` */
export function formatCount(count: number): string {
  const digits = String(Math.round(count));
  return digits.replace(/\B(?=(\d{3})+$)/g, ',');
}

/** A part of a whole as `5.1 %`, `0.012 %`, `0 %`; `–` when there is no whole. */
export function formatRate(part: number, whole: number): string {
  if (whole <= 0) return '–';
  return formatPercent((100 * part) / whole);
}

/** One decimal, or as many as it takes to tell the figure from 0 and from 100: `0.012 %`, `99.98 %`. */
export function formatPercent(percent: number): string {
  const distance = Math.min(Math.abs(percent), Math.abs(100 - percent));
  if (distance === 0 || distance >= 0.1) return `${Number(percent.toFixed(1))} %`;
  const decimals = Math.min(10, 1 + Math.ceil(-Math.log10(distance)));
  return `${trimZeros(percent.toFixed(decimals))} %`;
}

/** `40 seconds`, `7 minutes`, `3 hours`: rounded up, never `0`. */
export function formatDuration(ms: number): string {
  const seconds = Math.max(1, Math.ceil(ms / 1_000));
  if (seconds < 100) return plural(seconds, 'second');
  const minutes = Math.ceil(seconds / 60);
  if (minutes < 100) return plural(minutes, 'minute');
  return plural(Math.ceil(minutes / 60), 'hour');
}

/** Three significant digits of any measured value: `0.0612`, `20`, `1,230`. */
export function formatValue(value: number): string {
  const rounded = Number(value.toPrecision(3));
  return Math.abs(rounded) >= 1_000 && Math.abs(rounded) < 1e15 ? formatCount(rounded) : String(rounded);
}

function plural(count: number, unit: string): string {
  return `${formatCount(count)} ${unit}${count === 1 ? '' : 's'}`;
}

function trimZeros(text: string): string {
  return text.replace(/\.?0+$/, '');
}
