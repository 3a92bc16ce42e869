import type { NumberedLine } from '@sluice/pipelines/protocol/api';

/** Reads the line with this number; null when the log has no such line. */
export type ReadLine = (n: number) => Promise<NumberedLine | null>;

/**
 * Number of the first line of `step`, found by bisection: about 20 small reads in a log of a million lines.
 * Lines of no step (-1) stand before the first step (checkout) and after the last one (clean-up); `headEnd` is
 * the number of the first line of any step. Null when the step wrote nothing.
 */
export async function findStepStart(
  step: number,
  total: number,
  headEnd: number,
  read: ReadLine,
): Promise<number | null> {
  let low = headEnd;
  let high = total;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const line = await read(middle);
    if (line === null) return null;
    const isBefore = line.step !== -1 && line.step < step;
    if (isBefore) low = middle + 1;
    else high = middle;
  }
  const line = low < total ? await read(low) : null;
  return line?.step === step ? low : null;
}

/** Number of the line after the last one of the step that `start` belongs to. */
export async function findStepEnd(start: number, total: number, read: ReadLine): Promise<number | null> {
  const step = (await read(start))?.step;
  let low = start + 1;
  let high = total;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const line = await read(middle);
    if (line === null) return null;
    if (line.step === step) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Number of the first line that belongs to a step: what stands before it is the checkout. */
export async function findHeadEnd(total: number, read: ReadLine): Promise<number> {
  for (let n = 0; n < Math.min(total, 500); n += 1) {
    const line = await read(n);
    if (line === null || line.step >= 0) return n;
  }
  return 0;
}
