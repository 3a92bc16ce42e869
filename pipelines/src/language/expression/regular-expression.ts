import { celEnv, isCelError, parse, plan } from '@bufbuild/cel';
import { mostPatternSize, patternSize } from './match-pattern.ts';

/** Why a pattern is not one that `matches` understands, or null. */
export function regularExpressionProblem(pattern: string): string | null {
  if (patternSize(pattern) > mostPatternSize) return 'it is too large with all its repetitions written out';
  const test = plan(celEnv(), parse('text.matches(pattern)'));
  const result = test({ text: '', pattern });
  return isCelError(result) ? result.message : null;
}
