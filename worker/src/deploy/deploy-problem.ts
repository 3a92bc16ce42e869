/**
 * Thrown when a deploy target refuses an action or cannot be reached: an expected failure, which `performAction`
 * turns into a failed result. `reason` is kebab-case; the message says what to do.
 */
export class DeployProblem extends Error {
  override readonly name = 'DeployProblem';
  readonly reason: string;
  /** Whether the same action may succeed later without anybody changing anything. */
  readonly retryable: boolean;

  constructor(
    reason: string,
    message: string,
    options: { readonly retryable?: boolean; readonly cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.reason = reason;
    this.retryable = options.retryable ?? false;
  }
}

/** The message of anything that can be thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
