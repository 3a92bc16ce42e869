// Claims and reports on their way to the server: those that come while requests are under way share the next one.
import { gather } from '@sluice/pipelines/protocol/gather';
import { exchangeAnswer, type Exchanged } from '@sluice/pipelines/protocol/worker-api';
import { errorOf, ServerAwayError, ServerRefusedError, type HttpDoor } from './http-door.ts';

/** Both reject as the same call alone would: with ServerAwayError or ServerRefusedError. */
export interface Exchange {
  /** `body`: JSON of a claim request. */
  readonly claim: (body: string) => Promise<unknown>;
  /** `batch`: JSON of a record batch. Rejects at once when `signal` aborts; the server may take it all the same. */
  readonly report: (attemptId: string, batch: string, signal: AbortSignal) => Promise<unknown>;
}

type Settled =
  | { readonly kind: 'answered'; readonly answer?: unknown }
  | { readonly kind: 'failed'; readonly error: unknown };

type Letter =
  | { readonly kind: 'claim'; readonly body: string }
  | { readonly kind: 'report'; readonly attemptId: string; readonly body: string };

/** A larger report gains nothing from company, and would keep others waiting. */
const largestShared = 64 * 1_024;
const limits = { most: 100, atOnce: 2, soon: setImmediate };
/** A claim whose answer is lost has to be repeated before the lease ends that nobody keeps. */
const [claimMs, reportMs] = [15_000, 30_000];

export function createExchange(door: Pick<HttpDoor, 'call'>): Exchange {
  const share = gather<Letter, Settled>((letters) => exchangeTogether(door, letters), limits);
  const send = async (letter: Letter): Promise<unknown> => {
    const settled = await share(letter);
    if (settled.kind === 'failed') throw settled.error;
    return settled.answer;
  };
  return {
    claim: (body) => send({ kind: 'claim', body }),
    report: (attemptId, body, signal) =>
      body.length > largestShared
        ? sendAlone(door, { kind: 'report', attemptId, body }, signal)
        : unlessAborted(send({ kind: 'report', attemptId, body }), signal),
  };
}

async function exchangeTogether(
  door: Pick<HttpDoor, 'call'>,
  letters: readonly Letter[],
): Promise<readonly Settled[]> {
  const [only] = letters;
  if (letters.length === 1 && only !== undefined) return [await settle(() => sendAlone(door, only))];
  const claims = letters.filter((letter) => letter.kind === 'claim');
  const reports = letters.filter((letter) => letter.kind === 'report');
  const body = `{"claims":[${claims.map((claim) => claim.body).join(',')}],"reports":[${reports.map(reportJson).join(',')}]}`;
  try {
    const path = '/worker/exchange';
    const timeoutMs = claims.length > 0 ? claimMs : reportMs;
    const answer = exchangeAnswer.parse(await door.call({ method: 'POST', path, body, timeoutMs }));
    const [claimed, reported] = [answer.claims.values(), answer.reports.values()];
    return letters.map((letter) =>
      settledBy((letter.kind === 'claim' ? claimed : reported).next().value, pathOf(letter)),
    );
  } catch (error) {
    // A server of an earlier version has no such path.
    if (!(error instanceof ServerRefusedError && error.status === 404)) throw error;
    return Promise.all(letters.map((letter) => settle(() => sendAlone(door, letter))));
  }
}

/** `body` is an object with at least one field. */
const reportJson = ({ attemptId, body }: Extract<Letter, { kind: 'report' }>): string =>
  `{"attemptId":"${attemptId}",${body.slice(1)}`;

/** As the door itself would have told it. */
function settledBy(exchanged: Exchanged | undefined, path: string): Settled {
  if (exchanged?.kind === 'answered') return exchanged;
  if (exchanged === undefined)
    return { kind: 'failed', error: new ServerAwayError(`the server left POST ${path} out of its answer`) };
  const { status, reason, message } = exchanged;
  return {
    kind: 'failed',
    error: errorOf(status, reason, `the server answered POST ${path} with ${status}: ${message}`),
  };
}

function sendAlone(door: Pick<HttpDoor, 'call'>, letter: Letter, signal?: AbortSignal): Promise<unknown> {
  const { body } = letter;
  return door.call({
    method: 'POST',
    path: pathOf(letter),
    body,
    timeoutMs: letter.kind === 'claim' ? claimMs : reportMs,
    ...(signal === undefined ? {} : { signal }),
  });
}

const pathOf = (letter: Letter): string =>
  letter.kind === 'claim' ? '/worker/claims' : `/worker/attempts/${letter.attemptId}/records`;

async function settle(call: () => Promise<unknown>): Promise<Settled> {
  try {
    return { kind: 'answered', answer: await call() };
  } catch (error) {
    return { kind: 'failed', error };
  }
}

async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  promise.catch(() => undefined); // whoever gave up does not hear of it
  if (signal.aborted) throw new ServerAwayError('the call was given up before it was made');
  let stop: () => void = () => undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    stop = () => reject(new ServerAwayError('the call was given up before the server answered'));
    signal.addEventListener('abort', stop, { once: true });
  });
  return Promise.race([promise, aborted]).finally(() => signal.removeEventListener('abort', stop));
}
