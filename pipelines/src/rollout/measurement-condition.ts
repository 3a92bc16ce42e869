// The conditions of Argo Rollouts' AnalysisTemplate over one measured value, in CEL: `result >= 0.95`.
import { celEnv, celFunc, CelScalar, isCelError, parse, plan, type CelInput } from '@bufbuild/cel';
import { err, ok, type Result } from '../result.ts';

export interface MeasurementConditions {
  /** Null: not given. */
  readonly success: string | null;
  readonly failure: string | null;
}

/**
 * As `EvaluateResult` in utils/evaluate/evaluate.go of argoproj/argo-rollouts: a failure goes before a success, the
 * one that is not given is the opposite of the other, and a value of which neither holds is inconclusive. A condition
 * that has no answer is an error, whatever the other says.
 */
export function outcomeOf(
  result: CelInput,
  { success, failure }: MeasurementConditions,
): 'successful' | 'failed' | 'inconclusive' | 'error' {
  const answers = [success, failure].map((text) => (text === null ? null : answerOf(text, result)));
  if (answers.some((answer) => answer !== null && !answer.ok)) return 'error';
  const [succeeds, fails] = answers.map((answer) => (answer?.ok === true ? answer.value : null));
  if (fails === true || (fails === null && succeeds === false)) return 'failed';
  return succeeds === false ? 'inconclusive' : 'successful';
}

/** Why a condition cannot be used; null: it can. */
export function conditionProblem(text: string): string | null {
  if (text.trim() === '') return 'is empty';
  if (text.length > longest) return `is longer than ${longest} characters`;
  // Without lists there are no loops, so what is short is also quick.
  const strange = /[^\w\s.,<>=!&|()+\-*/%]/.exec(text);
  if (strange !== null) return `may not contain ${JSON.stringify(strange[0])}`;
  const answers = [0, 1].map((value) => answerOf(text, value));
  const problem = answers.find((answer) => !answer.ok);
  return problem?.ok === false ? problem.error : null;
}

const longest = 200;

const { BOOL, DOUBLE } = CelScalar;
const environment = celEnv({
  funcs: [
    celFunc('isNaN', [DOUBLE], BOOL, (value) => Number.isNaN(value)),
    celFunc('isInf', [DOUBLE], BOOL, (value) => Math.abs(value) === Infinity),
  ],
});

function answerOf(text: string, result: CelInput): Result<boolean, string> {
  const planned = planOf(text);
  if (!planned.ok) return planned;
  const value = planned.value({ result });
  if (isCelError(value)) return err(`has no answer: ${value.message}`);
  return typeof value === 'boolean' ? ok(value) : err('gives neither true nor false');
}

type Planned = Result<ReturnType<typeof plan>, string>;

function planOf(text: string): Planned {
  const known = plans.get(text) ?? planAnew(text);
  if (plans.size >= 1_000) plans.clear();
  plans.set(text, known);
  return known;
}

// A memory of a pure function: it changes how fast an answer comes, never the answer.
const plans = new Map<string, Planned>();

function planAnew(text: string): Planned {
  try {
    return ok(plan(environment, parse(text)));
  } catch {
    return err('cannot be read as CEL, such as result >= 0.95');
  }
}
