import { celEnv, isCelError, parse, plan } from '@bufbuild/cel';

/** Why a pattern is not one that `matches` understands, or null. */
export function regularExpressionProblem(pattern: string): string | null {
  const test = plan(celEnv(), parse('text.matches(pattern)'));
  const result = test({ text: '', pattern });
  return isCelError(result) ? result.message : null;
}
