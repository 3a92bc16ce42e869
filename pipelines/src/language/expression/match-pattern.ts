// `matches` of CEL is RE2: no pattern makes it exponential. What is left is its product: the length of the text by the
// size of the pattern, and both may be a stranger's.
import { celEnv, isCelError, parse, plan } from '@bufbuild/cel';

/** Characters of the text by steps of the pattern: about a tenth of a second. */
const mostWork = 2_000_000;
export const mostPatternSize = 5_000;

/** Throws where a pattern is none, or has too much to do; CEL makes an error value of it. */
export function matchPattern(text: string, pattern: string): boolean {
  const size = patternSize(pattern);
  if (size > mostPatternSize || size * text.length > mostWork)
    throw new Error(`the regular expression is too large for a text of ${text.length} characters`);
  const result = matches({ text, pattern });
  if (isCelError(result)) throw new Error(result.message);
  return result === true;
}

/** At least how many steps RE2 makes of a pattern, where counted repetitions are written out; cheap. */
export function patternSize(pattern: string): number {
  const open: number[] = [];
  let size = 0;
  let last = 0;
  for (let index = 0; index < pattern.length; index += 1) {
    const character = pattern[index];
    if (character === '(') {
      open.push(size);
      size = 0;
      last = 0;
    } else if (character === ')') {
      last = size + 1;
      size = (open.pop() ?? 0) + last;
    } else if (character === '{') {
      const [whole = '', least = '', most = ''] =
        /^\{(\d+)(?:,(\d*))?\}/.exec(pattern.slice(index, index + 16)) ?? [];
      const times = Math.max(Number(least), Number(most), 1);
      size += last * (times - 1);
      last *= times;
      index += Math.max(0, whole.length - 1);
    } else {
      const [unicodeClass = ''] = /^\\[pP](?:\{\^?\w*\}|\w)/.exec(pattern.slice(index, index + 50)) ?? [];
      // Classes of Unicode hold hundreds of ranges.
      last = unicodeClass === '' ? 1 : 20;
      if (character === '\\') index += Math.max(1, unicodeClass.length - 1);
      size += last;
    }
  }
  return open.reduce((sum, each) => sum + each, size);
}

const matches = plan(celEnv(), parse('text.matches(pattern)'));
