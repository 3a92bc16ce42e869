import { ApiError } from './api-error.ts';

/** No answer at all: worth asking again by itself. */
export const isPassing = (error: unknown): boolean =>
  error instanceof ApiError && (error.status === 0 || error.status === 503);

const mostTries = 3;

/**
 * Asks again where no answer came: a browser drops all that is under way when the machine's network changes. Rejects with the
 * last failure. `pause` is given how many tries have failed.
 */
export async function askAgain<T>(
  ask: () => Promise<T>,
  pause: (failures: number) => Promise<void>,
): Promise<T> {
  for (let failures = 1; ; failures += 1) {
    try {
      return await ask();
    } catch (error) {
      if (!isPassing(error) || failures >= mostTries) throw error;
      await pause(failures);
    }
  }
}
