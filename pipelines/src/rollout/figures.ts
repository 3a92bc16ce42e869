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

/** One decimal, or two significant digits where that would show nothing. */
export function formatPercent(percent: number): string {
  if (percent === 0) return '0 %';
  if (percent >= 0.1) return `${trimZeros(percent.toFixed(1))} %`;
  return `${trimZeros(percent.toPrecision(2))} %`;
}

/** `40 seconds`, `7 minutes`, `3 hours`: rounded up, never `0`. */
export function formatDuration(ms: number): string {
  const seconds = Math.max(1, Math.ceil(ms / 1_000));
  if (seconds < 100) return plural(seconds, 'second');
  const minutes = Math.ceil(seconds / 60);
  if (minutes < 100) return plural(minutes, 'minute');
  return plural(Math.ceil(minutes / 60), 'hour');
}

function plural(count: number, unit: string): string {
  return `${formatCount(count)} ${unit}${count === 1 ? '' : 's'}`;
}

function trimZeros(text: string): string {
  return text.includes('.') && !text.includes('e') ? text.replace(/\.?0+$/, '') : text;
}
