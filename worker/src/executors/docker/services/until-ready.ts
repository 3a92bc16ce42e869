import { setTimeout as sleep } from 'node:timers/promises';
import type Docker from 'dockerode';
import type { ServiceSpec } from '../../executor.ts';
import { engineStatus, messageOf } from '../engine-error.ts';
import { runInContainer } from '../run-in-container.ts';
import { endOf } from './describe-service.ts';

const askEveryMs = 300;
/** How often a person who watches is told that it is still waited for. */
const sayEveryMs = 10_000;

/**
 * Waits until a service's own command says that it is ready; without one, until the health check of its image does;
 * without that, not at all. Null, or what is wrong and what to do, to be put behind the service's name.
 */
export async function untilReady(
  container: Docker.Container,
  service: ServiceSpec,
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<string | null> {
  const { name, ready, readyTimeoutMs } = service;
  const startedAt = performance.now();
  let saidAt = startedAt;
  let why = ready === null ? 'its image has not said so' : `"${ready}" has not ended`;
  for (;;) {
    signal.throwIfAborted();
    const answer = await ask(container, ready, readyTimeoutMs - (performance.now() - startedAt));
    const afterMs = performance.now() - startedAt;
    const after = `${(afterMs / 1_000).toFixed(1)} s`;
    if (answer.kind === 'ready') {
      say(`service ${name} is ready after ${after}`);
      return null;
    }
    if (answer.kind === 'ended') {
      return `${answer.how} before it was ready. Check its image, "env" and "command".`;
    }
    if (answer.why !== null) ({ why } = answer);
    if (afterMs >= readyTimeoutMs) {
      return `was not ready after ${after}: ${why}. Check its "ready", or raise its "ready_timeout".`;
    }
    if (performance.now() - saidAt >= sayEveryMs) {
      say(`service ${name} is not ready after ${after}: ${why}`);
      saidAt = performance.now();
    }
    await sleep(askEveryMs, undefined, { signal });
  }
}

type Answer =
  | { readonly kind: 'ready' }
  /** Null: no more is known than before. */
  | { readonly kind: 'not-yet'; readonly why: string | null }
  | { readonly kind: 'ended'; readonly how: string };

async function ask(container: Docker.Container, ready: string | null, leftMs: number): Promise<Answer> {
  const { State } = await container.inspect();
  const end = endOf(State);
  if (end !== null) return { kind: 'ended', how: end };
  if (ready === null) return health(State.Health?.Status);
  const timer = new AbortController();
  const isLate = sleep(Math.max(1, leftMs), null, { signal: timer.signal }).catch(() => null);
  try {
    const said = await Promise.race([runInContainer(container, ready), isLate]);
    if (said === null) return { kind: 'not-yet', why: null };
    if (said.exitCode === 0) return { kind: 'ready' };
    const words = said.output === '' ? 'said nothing' : `said "${said.output.slice(-300)}"`;
    return { kind: 'not-yet', why: `"${ready}" ended with exit code ${said.exitCode} and ${words}` };
  } catch (error) {
    // It has ended since it was looked at; the next look says so.
    if (isNotRunning(error)) return { kind: 'not-yet', why: null };
    throw error;
  } finally {
    timer.abort();
  }
}

function health(status: string | undefined): Answer {
  if (status === undefined || status === 'none' || status === 'healthy') return { kind: 'ready' };
  return { kind: 'not-yet', why: `the health check of its image says "${status}"` };
}

/** Older engines answer that as their own fault. */
function isNotRunning(error: unknown): boolean {
  return (
    engineStatus(error) === 409 || (engineStatus(error) === 500 && /not running/i.test(messageOf(error)))
  );
}
