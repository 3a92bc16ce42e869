import { createLineTest } from '@sluice/pipelines/log/find-text';
import type { LogBuffer } from './log-buffer.ts';

/** Numbers of the held lines whose visible text holds `needle`, in order; at most `most` of them. */
export function findInLog(log: LogBuffer, needle: string, most = 10_000): readonly number[] {
  if (needle === '') return [];
  const holds = createLineTest(needle);
  const found: number[] = [];
  for (const index of [...log.chunks.keys()].toSorted((a, b) => a - b)) {
    for (const line of log.chunks.get(index) ?? []) {
      if (line === undefined || !holds(line.text)) continue;
      found.push(line.n);
      if (found.length >= most) return found;
    }
  }
  return found;
}
