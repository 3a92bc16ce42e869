// A new version as a canary beside the old one, stopped in each state of its rollout: an action has been done on the
// target and its report is on its way, or the rollout waits for time or for a person.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RolloutView, RunView } from '@sluice/pipelines/protocol/api';
import { startLoad, type Load } from '../../../cli/src/up/load.ts';
import type { Call, Held } from '../door.ts';
import type { Installation } from '../installation.ts';
import { letGo, platformBreaks, until, untilTrue, type Journey, type Stop } from '../journey.ts';
import { findRun, giveUp } from '../runs.ts';
import { endOfRun, verifyRun } from '../verify-run.ts';

/** Actions that change nothing. */
const looks = ['inspect', 'observe'];

const addresses = new WeakMap<Installation, Promise<string>>();

/** Every state up to the promotion, or until a person aborts. */
export const rolloutJourney = (installation: Installation, id: string): Promise<Journey> =>
  canary(installation, id, 'rollout');
export const rollBackJourney = (installation: Installation, id: string): Promise<Journey> =>
  canary(installation, id, 'roll-back');

async function canary(
  installation: Installation,
  id: string,
  name: 'rollout' | 'roll-back',
): Promise<Journey> {
  const { api, db, door, platform } = installation;
  const address = await (addresses.get(installation) ?? firstRelease(installation));
  const repository = await installation.repository(`canary-${id}`);
  const commit = repository.commit(files(installation, id));
  const before = await answerOf(address);
  const holds = new Map<string, Held>();
  let runId = '';
  let load: Load | null = null;

  const rollout = async () =>
    db
      .selectFrom('rollouts')
      .selectAll()
      .where('run_id', '=', runId)
      .orderBy('created_at', 'desc')
      .executeTakeFirst();
  const phase = async (): Promise<string | undefined> => (await rollout())?.state.phase.name;
  const lastDone = async (): Promise<number> => {
    const found = await rollout();
    if (found === undefined) return 0;
    const actions = await db
      .selectFrom('rollout_actions')
      .select(['number', 'status'])
      .where('rollout_id', '=', found.id)
      .execute();
    return Math.max(0, ...actions.filter(({ status }) => status === 'done').map(({ number }) => number));
  };
  /** A person who tries until it has worked. */
  const person = (
    what: string,
    leaving: string,
    act: (rolloutId: string) => Promise<unknown>,
  ): Promise<void> =>
    untilTrue(what, async () => {
      const found = await rollout();
      if (found === undefined || found.state.phase.name !== leaving) return found !== undefined;
      await act(found.id).catch(() => undefined);
      return false;
    });
  const resume = (rolloutId: string): Promise<unknown> =>
    api.call('POST', `/api/rollouts/${rolloutId}/resume`, { reason: 'go on' });

  const kindUnderWay = async (): Promise<string | undefined> => {
    const found = await rollout();
    const action =
      found === undefined
        ? undefined
        : await db
            .selectFrom('rollout_actions')
            .select('what')
            .where('rollout_id', '=', found.id)
            .where('status', '=', 'held')
            .executeTakeFirst();
    return action?.what.kind;
  };

  /**
   * The action has been done on the target; the server does not know yet. Where single calls of the target can be
   * held: its first change has been made (or its first look), and the worker does not know yet.
   */
  const reporting = (stop: Stop['phase'], kind: string, while_?: string): Stop => {
    let doneBefore = 0;
    return {
      phase: stop,
      hold: () => {
        const isNow = async (): Promise<boolean> => while_ === undefined || (await phase()) === while_;
        holds.set(
          stop,
          platform.holdAnswers === null
            ? door.holdRequests(
                async (call) => (await kindOf(installation, call)) === kind && (await isNow()),
              )
            : platform.holdAnswers(
                async (call) =>
                  (looks.includes(kind) || !call.line.startsWith('GET ')) &&
                  (await kindUnderWay()) === kind &&
                  (await isNow()),
              ),
        );
      },
      reached: async () => {
        const held = holds.get(stop)?.reached;
        let isReached = false;
        void held?.then(() => (isReached = true));
        await untilTrue(`${kind} under way`, () => isReached);
        doneBefore = await lastDone();
      },
      release: (cell) =>
        letGo(holds.get(stop), cell, platform.holdAnswers === null ? undefined : platformBreaks),
      progressed: () => untilTrue(`${kind} in the rollout`, async () => (await lastDone()) > doneBefore),
    };
  };
  const waiting = (stop: Stop['phase'], in_: string, leave: () => Promise<void>): Stop => ({
    phase: stop,
    hold: () => undefined,
    reached: () => untilTrue(`the rollout ${in_}`, async () => (await phase()) === in_),
    release: () => undefined,
    progressed: () =>
      untilTrue('the rollout on the page', async () => (await view(installation, await rollout())) !== null),
    leave,
  });
  const abort = (): Promise<void> =>
    person('the end of the canary', 'paused', (rolloutId) =>
      api.call('POST', `/api/rollouts/${rolloutId}/abort`, { reason: 'a person has seen enough' }),
    );
  const approve = (): Promise<void> =>
    person('the approval', 'awaiting-approval', async () => {
      const seen = await view(installation, await rollout());
      await api.call('POST', `/api/runs/${runId}/stages/production/vote`, {
        verdict: 'approved',
        decisionHash: seen?.decisions.at(-1)?.hash ?? null,
      });
    });
  const afterAnalysis = async (): Promise<void> => {
    await untilTrue('the end of the analysis', async () => (await phase()) !== 'analysing');
    await person('a person who knows enough', 'held', resume);
  };

  const onward: readonly Stop[] = [
    reporting('inspect', 'inspect'),
    reporting('deploy', 'deploy'),
    reporting('set-weight', 'set-weight'),
    { ...reporting('analysis', 'observe', 'analysing'), leave: afterAnalysis },
    waiting('pause', 'paused', () => person('the end of the pause', 'paused', resume)),
    waiting('approve', 'awaiting-approval', async () => undefined),
    { ...reporting('promote', 'promote') },
    reporting('retire', 'retire-old'),
  ];
  // What leads to the next stop is done after its hold stands: the approval leads to the promotion.
  const stops =
    name === 'rollout'
      ? onward.map((stop) => (stop.phase === 'approve' ? { ...stop, leave: approve } : stop))
      : [{ ...reporting('roll-back', 'roll-back') }];

  return {
    name,
    stops,
    start: async () => {
      load = startLoad(address, 60, false);
      await repository.announce(commit);
      runId = await findRun(installation, commit);
      if (name === 'rollout') return;
      await untilTrue('the analysis', async () => (await phase()) === 'analysing');
      await afterAnalysis();
      await untilTrue('the pause', async () => (await phase()) === 'paused');
      await abort();
    },
    verify: async () => {
      const wanted = name === 'rollout' ? 'succeeded' : 'failed';
      const problems = await verifyRun(installation, { runId, status: wanted });
      const stays = name === 'rollout' ? `${id}\n` : before;
      load?.stop();
      return [...problems, ...(await verifyReleased(installation, { runId, address, answer: stays, name }))];
    },
    abandon: async () => {
      load?.stop();
      for (const held of holds.values()) held.release();
      const left = await rollout();
      const seen = await view(installation, left).catch(() => null);
      writeFileSync(join(installation.folder, 'log', 'rollout.json'), JSON.stringify(seen, null, 2));
      if (left !== undefined && left.status !== 'ended')
        await api
          .call('POST', `/api/rollouts/${left.id}/abort`, { reason: 'given up' })
          .catch(() => undefined);
      await giveUp(installation, runId);
    },
  };
}

async function kindOf({ db }: Installation, { line }: Call): Promise<string | null> {
  const [, rolloutId, number] = /^POST \/worker\/actions\/([^/]+)\/(\d+)\/result$/.exec(line) ?? [];
  if (rolloutId === undefined) return null;
  const action = await db
    .selectFrom('rollout_actions')
    .select('what')
    .where('rollout_id', '=', rolloutId)
    .where('number', '=', Number(number))
    .executeTakeFirst();
  return action?.what.kind ?? null;
}

async function view(
  { api }: Installation,
  found: { readonly id: string } | undefined,
): Promise<RolloutView | null> {
  return found === undefined ? null : api.call<RolloutView>('GET', `/api/rollouts/${found.id}`);
}

async function verifyReleased(
  installation: Installation,
  { runId, address, answer, name }: { runId: string; address: string; answer: string; name: string },
): Promise<readonly string[]> {
  const { db, platform } = installation;
  const releases = await db
    .selectFrom('releases')
    .select('id')
    .where('run_id', '=', runId)
    .where('outcome', '=', 'succeeded')
    .execute();
  const wanted = name === 'rollout' ? 1 : 0;
  let unfit: readonly string[] = [];
  await untilTrue(
    'a service in order',
    async () => (unfit = await platform.service.problems()).length === 0,
  ).catch(() => undefined);
  const served = await until('an answer of the service', () => answerOf(address)).catch(() => 'nothing');
  const run = await db.selectFrom('rollouts').select('id').where('run_id', '=', runId).execute();
  const decisions = await Promise.all(run.map((each) => view(installation, each)));
  const chain = decisions.flatMap((each) => each?.decisions ?? []);
  const broken = chain.findIndex((each, at) => each.previousHash !== (chain[at - 1]?.hash ?? null));
  return [
    ...(releases.length === wanted ? [] : [`${releases.length} versions were released, not ${wanted}`]),
    ...unfit,
    ...(served === answer ? [] : [`users get ${JSON.stringify(served)}, not ${JSON.stringify(answer)}`]),
    ...(run.length === 1 ? [] : [`there are ${run.length} rollouts`]),
    ...(broken === -1 ? [] : [`the chain of decisions is broken at ${broken}`]),
  ];
}

async function answerOf(address: string): Promise<string> {
  return (await fetch(address, { signal: AbortSignal.timeout(5_000) })).text();
}

/** What every canary of this installation stands beside; gives the address where users are. */
function firstRelease(installation: Installation): Promise<string> {
  const made = (async () => {
    const { service } = installation.platform;
    await installation.api.call('PUT', '/api/environments/crash', service.environment);
    const repository = await installation.repository('canary-first');
    const commit = await repository.push(files(installation, 'first'));
    const run: RunView = await endOfRun(installation, await findRun(installation, commit));
    if (run.status !== 'succeeded')
      throw new Error(`the first release ${run.status}: ${JSON.stringify(run.state?.stages)}`);
    return service.address();
  })();
  addresses.set(installation, made);
  made.catch(() => addresses.delete(installation)); // the next journey tries again
  return made;
}

const files = ({ registry, platform }: Installation, id: string): Readonly<Record<string, string>> => ({
  ...platform.service.files,
  Dockerfile: `FROM ${platform.image}\nRUN mkdir /www; echo ${id} > /www/index.html\nCMD ["httpd", "-f", "-p", "8080", "-h", "/www"]\n`,
  '.sluice.yml': `
name: canary
on: { push: {} }
stages:
  image:
    build: { file: Dockerfile }
  push:
    needs: [image]
    push: { of: image, to: '${registry}/canary', tags: ['${id}'] }
  production:
    needs: [push]
    deploy:
      environment: crash
      image: push
      ${platform.service.deployKeys}
      strategy: canary
      interval: 1s
      bake: 0s
      drain: 0s
      deadline: 20m
      steps:
        - set_weight: 50
        - analysis: { for: 5s }
        - pause: {}
        - approve: {}
`,
});
