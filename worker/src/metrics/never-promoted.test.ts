// Whatever is wrong with the source of metrics, from the beginning or from the middle of an analysis on: the rollout is
// refused, held for a person, or goes back. It is never promoted.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { advanceRollout, startRollout } from '@sluice/pipelines/rollout/advance-rollout';
import { aSpec, simulateTarget } from '@sluice/pipelines/rollout/rollout-rig';
import type { Decision, Rollout, RolloutEvent } from '@sluice/pipelines/rollout/rollout-state';
import { observePrometheus } from './observe-prometheus.ts';

/** Null: it never answers. */
type Fault = (query: string) => { readonly status?: number; readonly body: string } | null;

let server: Server;
let url: string;
/** Null: it answers as it should. */
let fault: Fault | null = null;
/** What users have asked of each version so far, and the share of the new one. */
let requests = { r12: 0, r13: 0 };
let weight = 0;
/** Whoever asks now gives up as soon as it is sure that no answer comes. */
let patience = new AbortController();

beforeAll(async () => {
  server = createServer((request, response) => {
    void text(request).then((body) => {
      const asked = new URLSearchParams(body);
      const wrong =
        fault === null ? { body: good(asked.get('query') ?? '') } : fault(asked.get('query') ?? '');
      if (wrong !== null) response.writeHead(wrong.status ?? 200).end(wrong.body);
      else patience.abort(new DOMException('the time allowed is over', 'TimeoutError'));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const vector = (values: readonly string[]): string =>
  JSON.stringify({
    status: 'success',
    data: {
      resultType: 'vector',
      result: values.map((value, index) => ({ metric: { pod: String(index) }, value: [1, value] })),
    },
  });
/** Nobody has had an error. */
function good(query: string, of = requests): string {
  const version = query.includes('r13') ? 'r13' : 'r12';
  return vector([query.startsWith('all') ? String(of[version]) : '0']);
}
const always = (body: string, status = 200): Fault => {
  return () => ({ body, status });
};
const refusal = JSON.stringify({
  status: 'error',
  errorType: 'bad_data',
  error: 'parse error: unexpected "}"',
});

const metrics = {
  errors: {
    kind: 'count',
    query: 'bad{v="${{ version }}"}',
    of: 'all{v="${{ version }}"}',
    worseThan: 1.5,
    limit: null,
    dryRun: false,
  },
} as const;

const faults: readonly { readonly name: string; readonly fault: Fault; readonly says: RegExp }[] = [
  { name: 'has no data', fault: always(vector([])), says: /no data/i },
  { name: 'answers NaN', fault: always(vector(['NaN'])), says: /not a (count|number)|NaN/i },
  { name: 'answers infinity', fault: always(vector(['+Inf'])), says: /not a count|Inf/i },
  { name: 'answers negative counts', fault: always(vector(['-1'])), says: /not a count|-1/i },
  { name: 'never answers', fault: () => null, says: /does not answer/ },
  { name: 'answers 503', fault: always('<html>busy</html>', 503), says: /status 503/ },
  { name: 'refuses the query', fault: always(refusal, 400), says: /unexpected "\}"/ },
  { name: 'redirects elsewhere', fault: always('', 302), says: /redirects/ },
  { name: 'answers something else', fault: always('{"status":"success"}'), says: /no instant vector/ },
  { name: 'answers without end', fault: always('x'.repeat(5 * 2 ** 20)), says: /./ },
  {
    name: 'stands still',
    fault: (query) => ({ body: good(query, { r12: 9_000, r13: 0 }) }),
    says: /no data|requests/i,
  },
];

/** Drives a rollout with this source until nothing happens by itself any more. */
async function drive(until: (rollout: Rollout) => boolean, late: Fault): Promise<Ended> {
  [requests, weight] = [{ r12: 0, r13: 0 }, 0];
  const spec = aSpec({ metrics, intervalMs: 60_000, deadlineMs: 30 * 60_000, manifests: 'k8s/' });
  const target = simulateTarget(spec);
  let rollout = startRollout(spec, 0);
  let now = 0;
  const timers: number[] = [];
  const waiting: { readonly action: number; readonly what: Parameters<typeof target.answer>[0] }[] = [];
  const decisions: Decision[] = [];
  const phases = new Set<string>();
  const fold = (event: RolloutEvent): void => {
    const move = advanceRollout(rollout, event);
    rollout = move.rollout;
    phases.add(rollout.phase.name);
    for (const command of move.commands) {
      if (command.kind === 'act') waiting.push({ action: command.action, what: command.what });
      if (command.kind === 'set-timer') timers.push(command.dueAt);
      if (command.kind === 'record-decision') decisions.push(command.decision);
    }
    if (until(rollout)) fault = late;
  };
  fold({ kind: 'started', at: 0 });
  for (let step = 0; step < 500 && !('at' in rollout.phase); step += 1) {
    const next = waiting.shift();
    if (next === undefined) {
      timers.sort((a, b) => a - b);
      const dueAt = timers.shift();
      if (dueAt === undefined) break;
      now = Math.max(now, dueAt);
      fold({ kind: 'tick', at: now });
      continue;
    }
    now += 50;
    if (next.what.kind === 'set-weight') weight = next.what.percent;
    requests = { r12: requests.r12 + 20 * (100 - weight), r13: requests.r13 + 20 * weight };
    const done = target.answer(next.what, now);
    const versions = { stable: 'r12', canary: 'r13' };
    patience = new AbortController();
    const { signal } = patience;
    const observation =
      next.what.kind === 'observe'
        ? await observePrometheus({ url, metrics, versions, at: now, signal })
        : null;
    const result = done.result === 'done' ? { ...done, observation } : done;
    fold({ kind: 'action-finished', action: next.action, result, at: now });
  }
  return { rollout, phases, decisions };
}

interface Ended {
  readonly rollout: Rollout;
  readonly phases: ReadonlySet<string>;
  readonly decisions: readonly Decision[];
}

const reasonsOf = ({ rollout, decisions }: Ended): string =>
  [...decisions.map(({ reason }) => reason), 'reason' in rollout.phase ? rollout.phase.reason : ''].join(
    '\n',
  );

test('a source in good order promotes this rollout, so that a fault is what keeps the others from it', async () => {
  fault = null;
  const ended = await drive(
    () => false,
    () => null,
  );
  expect(ended.rollout.phase.name).toBe('succeeded');
});

test.each(faults)('a source that $name from the beginning promotes nothing', async (each) => {
  fault = each.fault;
  const ended = await drive(() => false, each.fault);
  expect([...ended.phases]).not.toContain('promoting');
  expect(['refused', 'held', 'rolled-back']).toContain(ended.rollout.phase.name);
  expect(reasonsOf(ended)).toMatch(each.says);
});

test.each(faults)('a source that $name in the middle of an analysis promotes nothing', async (each) => {
  fault = null;
  const ended = await drive(({ step, phase }) => step === 3 && phase.name === 'analysing', each.fault);
  expect([...ended.phases]).not.toContain('promoting');
  expect(['held', 'rolled-back']).toContain(ended.rollout.phase.name);
  expect(reasonsOf(ended)).toMatch(each.says);
});
