import type { NumberedLine } from '@sluice/pipelines/protocol/api';
import { lineAt, type LogBuffer } from './log-buffer.ts';
import { styleAfter } from './sgr-state.ts';

/** How far back a style is looked for that was never switched off. */
const farthest = 500;

// Of each line, the style that it leaves to the next one; known only where the whole way back was held.
const known = new WeakMap<NumberedLine, string>();

/** The terminal style with which a line begins: what the lines of its step before it have left on. */
export function styleBefore(log: LogBuffer, n: number): string {
  const line = lineAt(log, n);
  if (line === undefined || line.stream === 's') return '';
  const way: NumberedLine[] = [];
  let style = '';
  let isSure = true;
  for (let at = n - 1; at >= 0; at -= 1) {
    const before = lineAt(log, at);
    if (before === undefined || n - at > farthest) {
      isSure = false;
      break;
    }
    if (before.step !== line.step) break;
    const left = known.get(before);
    if (left !== undefined) {
      style = left;
      break;
    }
    way.push(before);
  }
  for (const before of way.toReversed()) {
    if (before.stream !== 's') style = styleAfter(style, before.text);
    if (isSure) known.set(before, style);
  }
  return style;
}
