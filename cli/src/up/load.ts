// Synthetic users of the demo application: a steady, bounded number of requests a second to one address of this
// machine. What they got is counted, so that the demo can state the success rate that users really had.
import { Agent, request } from 'node:http';

export interface Load {
  readonly counts: () => LoadCounts;
  readonly stop: () => void;
}

export interface LoadCounts {
  readonly requests: number;
  /** Answers of 500 and above, and requests that got no answer at all. */
  readonly failed: number;
}

const tickMs = 50;

/** `keepAlive` false: every request is a user of its own, with a connection of its own. */
export function startLoad(address: string, requestsPerSecond: number, keepAlive = true): Load {
  const agent = new Agent({ keepAlive, maxSockets: 32 });
  let requests = 0;
  let failed = 0;
  let owed = 0;
  let inFlight = 0;
  const send = () => {
    requests += 1;
    inFlight += 1;
    const done = (isFailure: boolean) => {
      inFlight -= 1;
      if (isFailure) failed += 1;
    };
    const outgoing = request(address, { agent, timeout: 5_000 }, (answer) => {
      answer.resume();
      answer.once('end', () => done((answer.statusCode ?? 500) >= 500));
      answer.once('error', () => done(true));
    });
    outgoing.once('timeout', () => outgoing.destroy(new Error('no answer in 5 s')));
    outgoing.once('error', () => done(true));
    outgoing.end();
  };
  const timer = setInterval(() => {
    owed += (requestsPerSecond * tickMs) / 1_000;
    for (; owed >= 1; owed -= 1) if (inFlight < 256) send();
  }, tickMs);
  return {
    counts: () => ({ requests, failed }),
    stop: () => {
      clearInterval(timer);
      agent.destroy();
    },
  };
}
