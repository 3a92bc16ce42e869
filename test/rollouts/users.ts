// Users of a service under trial: a steady number of requests a second to one address of this machine. What each
// version answered them, and when it was last heard of, is what a trial is judged by.
import { Agent, request } from 'node:http';

export interface Users {
  readonly seen: () => Seen;
  /** Resolves when everybody who has asked by now is answered or has given up. */
  readonly answered: () => Promise<void>;
  readonly stop: () => void;
}

export interface Seen {
  readonly requests: number;
  /** Answers of 500 and above, and requests that got no answer. */
  readonly failed: number;
  /** Of `failed`, those without an answer. */
  readonly unanswered: number;
  /** By the version that answered. */
  readonly versions: ReadonlyMap<string, { readonly answers: number; readonly lastAt: number }>;
}

const tickMs = 20;
/** Beyond it a user waits for another to be done: the service is overloaded, and so would this machine be. */
const mostAtOnce = 512;

/** Every tenth user is of a group that a router can choose: `x-group: b`. */
const groupEvery = 10;

/** `keepAlive` false: every request comes by a connection of its own. */
export function startUsers(address: string, perSecond: number, keepAlive: boolean): Users {
  const agent = new Agent({ keepAlive, maxSockets: mostAtOnce });
  const versions = new Map<string, { answers: number; lastAt: number }>();
  const counts = { requests: 0, failed: 0, unanswered: 0 };
  const underWay = new Set<Promise<void>>();
  let owed = 0;
  const ask = (): void => {
    counts.requests += 1;
    let finish: () => void = () => undefined;
    const asked = new Promise<void>((resolve) => (finish = resolve));
    underWay.add(asked);
    const done = (isFailure: boolean, isAnswered: boolean): void => {
      if (!underWay.delete(asked)) return;
      finish();
      if (isFailure) counts.failed += 1;
      if (!isAnswered) counts.unanswered += 1;
    };
    const headers = counts.requests % groupEvery === 0 ? { 'x-group': 'b' } : {};
    const outgoing = request(address, { agent, headers, timeout: 10_000 }, (answer) => {
      const version = String(answer.headers['x-version'] ?? 'none');
      const known = versions.get(version) ?? { answers: 0, lastAt: 0 };
      versions.set(version, { answers: known.answers + 1, lastAt: Date.now() });
      answer.resume();
      answer.once('end', () => done((answer.statusCode ?? 500) >= 500, true));
      answer.once('error', () => done(true, false));
    });
    outgoing.once('timeout', () => outgoing.destroy(new Error('no answer in 10 s')));
    outgoing.once('error', () => done(true, false));
    outgoing.end();
  };
  let last = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    owed += ((now - last) * perSecond) / 1_000;
    last = now;
    for (; owed >= 1; owed -= 1) if (underWay.size < mostAtOnce) ask();
  }, tickMs);
  return {
    seen: () => ({ ...counts, versions: new Map(versions) }),
    answered: async () => void (await Promise.all(underWay)),
    stop: () => {
      clearInterval(timer);
      agent.destroy();
    },
  };
}

/** What came between two looks. */
export function since(before: Seen, now: Seen): Pick<Seen, 'requests' | 'failed' | 'unanswered'> {
  return {
    requests: now.requests - before.requests,
    failed: now.failed - before.failed,
    unanswered: now.unanswered - before.unanswered,
  };
}
