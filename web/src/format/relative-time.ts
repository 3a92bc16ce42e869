import type { Language } from '../messages/language-context.tsx';

const steps: readonly (readonly [unit: Intl.RelativeTimeFormatUnit, ms: number])[] = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1_000],
];

/** `at` as seen from `now`, in either direction: `4 min. ago`, `in 2 hr.`; null within the last second or so. */
export function formatRelative(at: number, now: number, language: Language): string | null {
  const difference = at - now;
  for (const [unit, ms] of steps) {
    if (Math.abs(difference) < ms * (unit === 'second' ? 1.5 : 1)) continue;
    const count = Math.trunc(difference / ms);
    return new Intl.RelativeTimeFormat(language, { numeric: 'always', style: 'short' }).format(count, unit);
  }
  return null;
}

/** The moment in the reader's own zone. */
export function formatExact(at: number, language: Language): string {
  return new Intl.DateTimeFormat(language === 'zh' ? 'zh-CN' : 'en-GB', {
    dateStyle: 'medium',
    timeStyle: 'long',
  }).format(at);
}
