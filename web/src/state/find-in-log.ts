import { chunkLines, type LogBuffer } from './log-buffer.ts';

/** Numbers of the held lines whose visible text holds `needle`, in order; at most `most` of them. */
export function findInLog(log: LogBuffer, needle: string, most = 10_000): readonly number[] {
  const wanted = needle.toLowerCase();
  if (wanted === '') return [];
  const found: number[] = [];
  for (const index of [...log.chunks.keys()].toSorted((a, b) => a - b)) {
    for (const line of log.chunks.get(index) ?? []) {
      if (line === undefined || !visibleText(line.text).toLowerCase().includes(wanted)) continue;
      found.push(line.n);
      if (found.length >= most) return found;
    }
  }
  return found;
}

/** The text without terminal escape sequences. */
export function visibleText(text: string): string {
  return text.includes('\u001b') ? text.replace(escapeSequence, '') : text;
}

// CSI sequences (colours, cursor) and OSC sequences (titles, links).
// oxlint-disable-next-line no-control-regex
const escapeSequence = /\u001b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\))/g;

/** First and last line number of a chunk that holds line `n`. */
export function chunkAround(n: number): { readonly from: number; readonly limit: number } {
  return { from: Math.floor(n / chunkLines) * chunkLines, limit: chunkLines };
}
