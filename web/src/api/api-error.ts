import type { InputProblem } from '@sluice/pipelines/plan/check-inputs';
import type { ApiProblem } from '@sluice/pipelines/protocol/api';

/** Thrown when the server refused a request or could not be reached. `message` says what to do. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  /** HTTP status; 0 when there was no answer. */
  readonly status: number;
  /** Stable kebab-case name of the cause. */
  readonly reason: string;
  /** Of a manual start: what is wrong with each input. */
  readonly inputs: readonly InputProblem[];

  constructor(status: number, problem: ApiProblem, options?: ErrorOptions) {
    super(problem.message, options);
    this.status = status;
    this.reason = problem.reason;
    this.inputs = problem.inputs ?? [];
  }
}
