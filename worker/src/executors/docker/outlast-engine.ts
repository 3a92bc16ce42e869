import { setTimeout as sleep } from 'node:timers/promises';
import { engineStatus } from './engine-error.ts';

/** An engine that is started again, with all its containers, is back well before. */
const patienceMs = 60_000;
const pauseMs = 200;

/**
 * Does `work`, again and again while the engine cannot be reached, for a minute at most. What the engine itself refuses
 * rejects at once. `work` may have had its effect and lost only the answer: it must be idempotent.
 */
export async function outlastEngine<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  for (const deadline = Date.now() + patienceMs; ; await sleep(pauseMs)) {
    try {
      return await work();
    } catch (error) {
      if (!isEngineAway(error) || Date.now() > deadline || signal?.aborted === true) throw error;
    }
  }
}

/** Thrown when the engine ended what we had asked it for, because it was ending itself. */
export class EngineLeftError extends Error {
  override readonly name = 'EngineLeftError';
}

const awayCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOENT',
  'EHOSTUNREACH',
  'ENETUNREACH',
]);

/** Nobody answered, or the answer broke off: the engine is down, is being started again, or its network is cut. */
export function isEngineAway(error: unknown): boolean {
  if (error instanceof EngineLeftError) return true;
  if (!(error instanceof Error) || engineStatus(error) !== null) return false;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return code === 'ENOENT' ? 'syscall' in error && error.syscall === 'connect' : awayCodes.has(code);
}

/**
 * What a stream of the engine says at its end, told apart: nobody cancelled what we asked for but the engine itself.
 * Throws EngineLeftError then.
 */
export function refuseEngineLeft(error: string | null, signal: AbortSignal): void {
  if (error === null || signal.aborted || !leftWords.test(error)) return;
  throw new EngineLeftError(`the Docker engine ended while it worked: ${error}`);
}

const leftWords =
  /context canceled|code = (Canceled|Unavailable)|transport is closing|daemon is shutting down|graceful(ly)? (stop|shutdown)/i;
