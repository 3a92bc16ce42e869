// The promise of `sluice plan`: what it prints is what the server stores. Both are driven from their outermost doors,
// the files of a repository and the payload of a delivery.
import { aFileTree } from '@sluice/pipelines/language/file-tree.fixture';
import { loadPipelines } from '@sluice/pipelines/language/load-pipelines';
import { randomRepository, randomTemplates } from '@sluice/pipelines/language/random-pipeline.fixture';
import { remoteTemplates } from '@sluice/pipelines/language/templates/remote-templates.fixture';
import { choicesFrom } from '@sluice/pipelines/random.fixture';
import { ok } from '@sluice/pipelines/result';
import { withTemplates } from '@sluice/server/repositories/read-templates';
import { interpretDelivery } from '@sluice/server/webhooks/interpret-delivery';
import { prepareRuns } from '@sluice/server/webhooks/prepare-runs';
import { randomDelivery, type RandomDelivery } from '@sluice/server/webhooks/random-delivery.fixture';
import { vendors } from '@sluice/server/webhooks/vendors';
import { fc, test as property } from '@fast-check/vitest';
import { expect, test } from 'vitest';
import { planCommand } from './plan-command.ts';

const seeds = fc.integer({ min: 0, max: 2 ** 31 });

type Files = Readonly<Record<string, string>>;

property.prop([seeds], { numRuns: 600 })(
  'the plan of the command line and that of the server are the same, to the byte',
  async (seed) => {
    const choices = choicesFrom(seed);
    const files = randomRepository(choices);
    const delivery = randomDelivery(choices);
    expect(await plansHere(files, delivery)).toEqual(await plansThere(files, delivery));
  },
  300_000,
);

test('the generated pipelines and deliveries lead to plans, to filtered events and to every kind of stage', async () => {
  const outcomes = new Map<string, number>();
  for (let seed = 0; seed < 500; seed += 1) {
    const choices = choicesFrom(seed);
    const files = randomRepository(choices);
    const plans = (await plansThere(files, randomDelivery(choices))).join('');
    const found = plans.match(/"kind":"\w+"/g) ?? [];
    for (const each of new Set(found)) outcomes.set(each, (outcomes.get(each) ?? 0) + 1);
  }
  const wanted = [
    'planned',
    'filtered',
    'steps',
    'matrix',
    'use',
    'build',
    'scan',
    'push',
    'deploy',
    'approve',
  ];
  expect(wanted.filter((kind) => (outcomes.get(`"kind":"${kind}"`) ?? 0) <= 3)).toEqual([]);
});

/** What `sluice plan --event payload.json --json` prints, without its white space and warnings. */
async function plansHere(files: Files, { payload }: RandomDelivery): Promise<readonly string[]> {
  let output = '';
  const io = {
    readFile: () => Promise.resolve(JSON.stringify(payload)),
    placeOf: (file: string) => Promise.resolve({ root: '', file }),
    tree: () => aFileTree(files),
    template: () => remoteTemplates(randomTemplates),
    write: (part: string) => void (output += part),
    colour: false,
  };
  await planCommand({ event: 'payload.json', json: true, now: 0 }, io);
  const printed: unknown = JSON.parse(output);
  return (Array.isArray(printed) ? printed : [printed]).map(withoutWarnings);
}

function withoutWarnings({ diagnostics, ...outcome }: Record<string, unknown>): string {
  return JSON.stringify(outcome['kind'] === 'broken' ? { ...outcome, diagnostics } : outcome);
}

/** What the server stores with the runs, or keeps with the delivery. */
async function plansThere(
  files: Files,
  { provider, headers, payload }: RandomDelivery,
): Promise<readonly string[]> {
  const body: unknown = JSON.parse(JSON.stringify(payload));
  const meaning = interpretDelivery(provider, vendors[provider].event(headers, body), body);
  if (meaning.kind === 'ignored')
    return Object.keys(files)
      .filter((file) => file.startsWith('.sluice'))
      .map(() => JSON.stringify({ kind: 'filtered', reasons: [meaning.reason] }));
  const loaded = await loadPipelines(aFileTree(files));
  if (!loaded.ok) return [loaded.error];
  const complete = await withTemplates(loaded.value, async (name) => {
    const answer = await remoteTemplates(randomTemplates)(name);
    return ok(answer ?? { kind: 'refused', why: 'is not there' });
  });
  const mirrors = { readPipelines: () => Promise.resolve(complete) };
  const repository = { id: 'r', fullName: 'acme/shop', cloneUrl: '', credentials: null };
  const prepared = await prepareRuns(mirrors, repository, meaning.trigger, async () => new Map());
  if (prepared.kind !== 'read') return [JSON.stringify(prepared)];
  return prepared.pipelines.map((each) => {
    if (each.kind === 'planned') return JSON.stringify({ kind: 'planned', plan: each.plan });
    if (each.kind === 'filtered')
      return JSON.stringify({ kind: 'filtered', reasons: each.reasons, inputs: each.inputs });
    return JSON.stringify({ kind: 'broken', diagnostics: each.diagnostics });
  });
}
