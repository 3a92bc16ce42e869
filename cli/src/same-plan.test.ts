// The promise of `sluice plan`: what it prints is what the server stores. Both are driven from their outermost doors,
// the text of a pipeline file and the payload of a delivery.
import { randomPipeline } from '@sluice/pipelines/language/random-pipeline.fixture';
import { choicesFrom } from '@sluice/pipelines/random.fixture';
import { ok } from '@sluice/pipelines/result';
import { interpretDelivery } from '@sluice/server/webhooks/interpret-delivery';
import { prepareRun } from '@sluice/server/webhooks/prepare-run';
import { randomDelivery, type RandomDelivery } from '@sluice/server/webhooks/random-delivery.fixture';
import { vendors } from '@sluice/server/webhooks/vendors';
import { fc, test as property } from '@fast-check/vitest';
import { expect, test } from 'vitest';
import { planCommand } from './plan-command.ts';

const seeds = fc.integer({ min: 0, max: 2 ** 31 });

property.prop([seeds], { numRuns: 600 })(
  'the plan of the command line and that of the server are the same, to the byte',
  async (seed) => {
    const choices = choicesFrom(seed);
    const text = randomPipeline(choices);
    const delivery = randomDelivery(choices);
    expect(await planHere(text, delivery)).toBe(await planThere(text, delivery));
  },
  300_000,
);

test('the generated pipelines and deliveries lead to plans, to filtered events and to every kind of stage', async () => {
  const outcomes = new Map<string, number>();
  for (let seed = 0; seed < 300; seed += 1) {
    const choices = choicesFrom(seed);
    const text = randomPipeline(choices);
    const outcome: unknown = JSON.parse(await planThere(text, randomDelivery(choices)));
    const found = JSON.stringify(outcome).match(/"kind":"\w+"/g) ?? [];
    for (const each of new Set(found)) outcomes.set(each, (outcomes.get(each) ?? 0) + 1);
  }
  const wanted = ['planned', 'filtered', 'steps', 'matrix', 'build', 'scan', 'push', 'deploy', 'approve'];
  expect(wanted.filter((kind) => (outcomes.get(`"kind":"${kind}"`) ?? 0) <= 3)).toEqual([]);
});

/** What `sluice plan --event payload.json --json` prints, without its white space. */
async function planHere(text: string, { payload }: RandomDelivery): Promise<string> {
  let output = '';
  const files = new Map([
    ['.sluice.yml', text],
    ['payload.json', JSON.stringify(payload)],
  ]);
  const io = {
    readFile: (path: string) => Promise.resolve(files.get(path) ?? ''),
    write: (part: string) => void (output += part),
    colour: false,
  };
  await planCommand({ file: '.sluice.yml', event: 'payload.json', json: true, now: 0 }, io);
  const { diagnostics: _warnings, ...outcome } = JSON.parse(output);
  return JSON.stringify(outcome);
}

/** What the server stores with the run, or keeps with the delivery. */
async function planThere(text: string, { provider, headers, payload }: RandomDelivery): Promise<string> {
  const body: unknown = JSON.parse(JSON.stringify(payload));
  const meaning = interpretDelivery(provider, vendors[provider].event(headers, body), body);
  if (meaning.kind === 'ignored') return JSON.stringify({ kind: 'filtered', reasons: [meaning.reason] });
  const mirrors = {
    readPipelineFile: () => Promise.resolve(ok({ path: '.sluice.yml', text })),
  };
  const repository = { id: 'r', fullName: 'acme/shop', cloneUrl: '', credentials: null };
  const prepared = await prepareRun(mirrors, repository, meaning.trigger);
  if (prepared.kind === 'planned') return JSON.stringify({ kind: 'planned', plan: prepared.plan });
  return JSON.stringify(
    prepared.kind === 'filtered' ? { kind: 'filtered', reasons: prepared.reasons } : prepared,
  );
}
