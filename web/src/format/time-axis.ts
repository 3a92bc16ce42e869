import type { Language } from '../messages/language-context.tsx';

const locales = { en: 'en-GB', zh: 'zh-CN' } as const satisfies Record<Language, string>;
const daySeconds = 86_400;

/** Distances in seconds that marks on a time axis may have. */
export const timeIncrements: readonly number[] = [
  1,
  2,
  5,
  10,
  15,
  30,
  60,
  120,
  300,
  600,
  900,
  1_800,
  3_600,
  7_200,
  14_400,
  21_600,
  43_200,
  daySeconds,
  2 * daySeconds,
  7 * daySeconds,
  30 * daySeconds,
];

/**
 * Labels for marks at these seconds since the epoch, in the reader's zone and on a 24-hour clock: with seconds where
 * the marks are less than a minute apart, with days where they span more than one. A label never stands twice.
 */
export function timeLabels(marks: readonly number[], language: Language): readonly string[] {
  const [first = 0, second = first + 60] = marks;
  const last = marks.at(-1) ?? first;
  const format = new Intl.DateTimeFormat(locales[language], {
    hourCycle: 'h23',
    hour: '2-digit',
    minute: '2-digit',
    ...(second - first < 60 ? { second: '2-digit' } : {}),
    ...(last - first >= daySeconds ? { day: 'numeric', month: 'short' } : {}),
  });
  const labels = marks.map((mark) => format.format(mark * 1_000));
  return labels.map((label, index) => (label === labels[index - 1] ? '' : label));
}
