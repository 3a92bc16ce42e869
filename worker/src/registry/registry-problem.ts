import { RefusedAddressError } from './guarded-fetch.ts';

/** Why a registry did not give us what we asked for. The message names the registry and says what to do. */
export interface RegistryProblem {
  readonly reason: 'unreachable' | 'unauthorised' | 'not-found' | 'refused' | 'unexpected';
  readonly message: string;
}

/** `detail` is the network's or the engine's own word for it, such as `ECONNREFUSED`. */
export function unreachable(registry: string, detail: string): RegistryProblem {
  return {
    reason: 'unreachable',
    message: `registry ${registry} does not answer (${detail}): is it running? Check its address, and that this worker and its Docker engine reach it.`,
  };
}

export function unauthorised(registry: string, hasCredentials: boolean): RegistryProblem {
  return {
    reason: 'unauthorised',
    message: hasCredentials
      ? `registry ${registry} refuses the credentials stored for it, or they do not allow this repository: correct the registry credentials of host "${registry}".`
      : `registry ${registry} wants credentials and none are stored for it: add registry credentials for host "${registry}" (user name, and password or token).`,
  };
}

/** From a rejection of `guardedFetch`. */
export function fetchProblem(registry: string, error: unknown): RegistryProblem {
  if (error instanceof RefusedAddressError)
    return { reason: 'refused', message: `${error.message}: refused.` };
  return unreachable(registry, networkWord(error));
}

function networkWord(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return 'timeout';
  if ('code' in error && typeof error.code === 'string') return error.code;
  return error.cause instanceof Error ? networkWord(error.cause) : error.message;
}
