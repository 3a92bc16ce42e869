import { DeployProblem } from './deploy-problem.ts';

const connectionCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EPIPE',
  'ETIMEDOUT',
]);

/** An error of the network as a problem of the target; null: it is something else. */
export function connectionProblem(error: unknown): DeployProblem | null {
  const code = codeOf(error);
  const isMissingSocket = code === 'ENOENT' && hasSyscall(error, 'connect');
  if (!connectionCodes.has(code) && !isMissingSocket) return null;
  const message = error instanceof Error ? error.message : code;
  return new DeployProblem(
    'target-unreachable',
    `The deploy target does not answer (${message}): check that it runs and that this worker may reach it.`,
    { retryable: true, cause: error },
  );
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

function hasSyscall(error: unknown, syscall: string): boolean {
  return error instanceof Error && 'syscall' in error && error.syscall === syscall;
}
