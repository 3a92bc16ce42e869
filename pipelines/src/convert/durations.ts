const units: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400, w: 604_800 };
const longest = 30 * 86_400;

/** `1h 30m`, `3 hours 30 minutes`, `2 weeks`, `90` (seconds) as ours, at most 30 days; null: not a duration. */
export function durationOf(text: string, secondsPerNumber = 1): string | null {
  if (text.length > 60) return null;
  const plain = text.trim().toLowerCase().replace(/\s+/g, ' ');
  if (/^\d{1,9}(\.\d+)?$/.test(plain)) return seconds(Math.round(Number(plain) * secondsPerNumber));
  if (!/^\d{1,6} ?[a-z]+(?:(?: ?,| and)? ?\d{1,6} ?[a-z]+)*$/.test(plain)) return null;
  let total = 0;
  for (const [, amount = '', word = ''] of plain.matchAll(/(\d+) ?([a-z]+)/g)) {
    const factor = word.startsWith('mo')
      ? 30 * 86_400
      : word.startsWith('y')
        ? 365 * 86_400
        : units[word.charAt(0)];
    if (factor === undefined || word === 'ms') return null;
    total += Number(amount) * factor;
  }
  return seconds(total);
}

function seconds(total: number): string | null {
  if (total < 1) return null;
  const capped = Math.min(total, longest);
  for (const [unit, size] of [
    ['d', 86_400],
    ['h', 3_600],
    ['m', 60],
  ] as const) {
    if (capped % size === 0) return `${capped / size}${unit}`;
  }
  return capped > 3_600 ? `${Math.ceil(capped / 60)}m` : `${capped}s`;
}
