// A new version to two clusters, one wave each, stopped where one rollout follows from another: each cluster has its own,
// and one leads them. The clusters are two services on the installation's Docker engine.
import type { ReplayView, RolloutView, RunView } from '@sluice/pipelines/protocol/api';
import { freePort } from '@sluice/server/embedded/free-port';
import type { Call, Held } from '../door.ts';
import type { Installation } from '../installation.ts';
import { letGo, until, untilTrue, type Journey, type Stop } from '../journey.ts';
import { findRun, giveUp } from '../runs.ts';
import { endOfRun, verifyRun } from '../verify-run.ts';

const clusters = ['a', 'b'] as const;
type Cluster = (typeof clusters)[number];

/** An action of a cluster's rollout; round 0 brings the version, round 1 puts back what was there before. */
interface Action {
  readonly cluster: Cluster;
  readonly round: number;
  readonly kind: string;
}

const known = new WeakMap<Installation, Promise<readonly string[]>>();

/** Both waves to their end. */
export const fleetJourney = (installation: Installation, id: string): Promise<Journey> =>
  fleet(installation, id, 'fleet');
/** A person aborts in the second wave, when the first cluster has the version already. */
export const fleetBackJourney = (installation: Installation, id: string): Promise<Journey> =>
  fleet(installation, id, 'fleet-back');

async function fleet(installation: Installation, id: string, name: 'fleet' | 'fleet-back'): Promise<Journey> {
  const { api, db, door } = installation;
  const addresses = await (known.get(installation) ?? firstRelease(installation));
  const before = await answersOf(addresses);
  const repository = await installation.repository(`fleet-${id}`);
  const commit = repository.commit(files(installation, id));
  const holds = new Set<Held>();
  let runId = '';

  const rolloutsOfRun = () =>
    db.selectFrom('rollouts').selectAll().where('run_id', '=', runId).orderBy('created_at').execute();
  const rolloutIn = async (cluster: Cluster | null, round: number | null) =>
    (await rolloutsOfRun()).find((each) => each.cluster === cluster && each.round === round);
  const phaseIn = async (cluster: Cluster): Promise<string | undefined> =>
    (await rolloutIn(cluster, 0))?.state.phase.name;
  const isDone = async ({ cluster, round, kind }: Action): Promise<boolean> => {
    const rollout = await rolloutIn(cluster, round);
    if (rollout === undefined) return false;
    const done = await db
      .selectFrom('rollout_actions')
      .select('what')
      .where('rollout_id', '=', rollout.id)
      .where('status', '=', 'done')
      .execute();
    return done.some(({ what }) => what.kind === kind);
  };

  /** The action has been done in the cluster; the server does not know yet. */
  const reporting = (phase: Stop['phase'], action: Action): Stop => {
    let held: Held | null = null;
    return {
      phase,
      hold: () => {
        held ??= door.holdRequests(async (call) => isReportOf(installation, call, action));
        holds.add(held);
      },
      reached: async () => {
        let isReached = false;
        void held?.reached.then(() => (isReached = true));
        await untilTrue(`${action.kind} in ${action.cluster}`, () => isReached);
      },
      release: (cell) => letGo(held, cell),
      progressed: () => untilTrue(`${action.kind} in the rollout of ${action.cluster}`, () => isDone(action)),
    };
  };
  /** A person who tries until it has worked. */
  const resume = (cluster: Cluster): Promise<void> =>
    untilTrue(`the end of the pause in ${cluster}`, async () => {
      const rollout = await rolloutIn(cluster, 0);
      if (rollout === undefined) return false;
      if (rollout.phase !== 'paused') return rollout.state.step > pauseStep || rollout.status === 'ended';
      await api
        .call('POST', `/api/rollouts/${rollout.id}/resume`, { reason: 'go on' })
        .catch(() => undefined);
      return false;
    });
  const pausedIn = (cluster: Cluster): Stop => ({
    phase: 'cluster-paused',
    hold: () => undefined,
    reached: () => untilTrue(`the pause in ${cluster}`, async () => (await phaseIn(cluster)) === 'paused'),
    release: () => undefined,
    progressed: () =>
      untilTrue('the rollout on the page', async () => {
        const leader = await rolloutIn(null, null);
        return leader !== undefined && (await viewOf(installation, leader.id)).clusters !== undefined;
      }),
    leave: () => resume(cluster),
  });
  const abort = (): Promise<void> =>
    untilTrue('the way back', async () => {
      const leader = await rolloutIn(null, null);
      if (leader === undefined || leader.state.phase.name !== 'delivering') return leader !== undefined;
      const reason = 'a person has seen enough';
      await api.call('POST', `/api/rollouts/${leader.id}/abort`, { reason }).catch(() => undefined);
      return false;
    });

  const cameBack = reporting('cluster-back', { cluster: 'b', round: 0, kind: 'roll-back' });
  const wasPutBack = reporting('put-back', { cluster: 'a', round: 1, kind: 'promote' });
  const stops: Readonly<Record<typeof name, readonly Stop[]>> = {
    fleet: [
      reporting('wave-deploy', { cluster: 'a', round: 0, kind: 'deploy' }),
      pausedIn('a'),
      reporting('wave-end', { cluster: 'a', round: 0, kind: 'retire-old' }),
      { ...reporting('next-wave', { cluster: 'b', round: 0, kind: 'inspect' }), leave: () => resume('b') },
      reporting('fleet-end', { cluster: 'b', round: 0, kind: 'retire-old' }),
    ],
    // The two may come in any order.
    'fleet-back': [
      {
        ...cameBack,
        hold: async () => {
          await cameBack.hold();
          await wasPutBack.hold();
        },
      },
      wasPutBack,
    ],
  };

  return {
    name,
    stops: stops[name],
    start: async () => {
      await repository.announce(commit);
      runId = await findRun(installation, commit);
      if (name === 'fleet') return;
      await resume('a');
      await untilTrue('the pause in b', async () => (await phaseIn('b')) === 'paused');
      await abort();
    },
    verify: async () => {
      const [status, phase] = name === 'fleet' ? (['succeeded', 'succeeded'] as const) : aborted;
      const problems = await verifyRun(installation, { runId, status });
      const answers = await until('answers of the services', () => answersOf(addresses)).catch(() => [
        'none',
      ]);
      const wanted = name === 'fleet' ? before.map(() => `${id}\n`) : before;
      const rollouts = await rolloutsOfRun();
      const leader = rollouts.find(({ parent_id: parent }) => parent === null);
      const rounds = rollouts.map(({ cluster, round }) => `${cluster ?? 'all'} ${round ?? ''}`.trim()).sort();
      const expected = name === 'fleet' ? ['a 0', 'all', 'b 0'] : ['a 0', 'a 1', 'all', 'b 0'];
      return [
        ...problems,
        ...(answers.join() === wanted.join() ? [] : [`users get ${answers.join()}, not ${wanted.join()}`]),
        ...(rounds.join() === expected.join() ? [] : [`there are rollouts of ${rounds.join()}`]),
        ...(leader?.phase === phase ? [] : [`the rollout ended as ${leader?.phase ?? 'none'}, not ${phase}`]),
        ...(await Promise.all(rollouts.map((each) => problemsOf(installation, each)))).flat(),
      ];
    },
    abandon: async () => {
      for (const held of holds) held.release();
      const leader = await rolloutIn(null, null);
      if (leader !== undefined && leader.status !== 'ended')
        await api
          .call('POST', `/api/rollouts/${leader.id}/abort`, { reason: 'given up' })
          .catch(() => undefined);
      await giveUp(installation, runId);
    },
  };
}

/** Of the steps in `files`. */
const pauseStep = 1;
const aborted = ['failed', 'rolled-back'] as const;

async function isReportOf({ db }: Installation, { line }: Call, wanted: Action): Promise<boolean> {
  const [, rolloutId, number] = /^POST \/worker\/actions\/([^/]+)\/(\d+)\/result$/.exec(line) ?? [];
  if (rolloutId === undefined) return false;
  const found = await db
    .selectFrom('rollout_actions')
    .innerJoin('rollouts', 'rollouts.id', 'rollout_actions.rollout_id')
    .select(['rollouts.cluster', 'rollouts.round', 'rollout_actions.what'])
    .where('rollout_actions.rollout_id', '=', rolloutId)
    .where('rollout_actions.number', '=', Number(number))
    .executeTakeFirst();
  return found?.cluster === wanted.cluster && found.round === wanted.round && found.what.kind === wanted.kind;
}

/** One that has not ended, a broken chain, and decisions that are not made again from the evidence. */
async function problemsOf(
  installation: Installation,
  { id, status, cluster }: { readonly id: string; readonly status: string; readonly cluster: string | null },
): Promise<readonly string[]> {
  const name = `the rollout of ${cluster ?? 'all clusters'}`;
  const { decisions } = await viewOf(installation, id);
  const broken = decisions.findIndex((each, at) => each.previousHash !== (decisions[at - 1]?.hash ?? null));
  const replay = await installation.api.call<ReplayView>('GET', `/api/rollouts/${id}/replay`);
  return [
    ...(status === 'ended' ? [] : [`${name} is ${status}`]),
    ...(broken === -1 ? [] : [`the chain of decisions of ${name} is broken at ${broken}`]),
    ...(replay.isSame ? [] : [`${name} is decided otherwise when it is replayed`]),
  ];
}

const viewOf = ({ api }: Installation, rolloutId: string): Promise<RolloutView> =>
  api.call<RolloutView>('GET', `/api/rollouts/${rolloutId}`);

function answersOf(addresses: readonly string[]): Promise<readonly string[]> {
  return Promise.all(
    addresses.map(async (address) => (await fetch(address, { signal: AbortSignal.timeout(5_000) })).text()),
  );
}

/** What every version of this installation follows; gives the addresses where users are. */
function firstRelease(installation: Installation): Promise<readonly string[]> {
  const made = (async () => {
    const ports = await Promise.all(clusters.map(freePort));
    await installation.api.call('PUT', '/api/environments/fleet', {
      kind: 'clusters',
      clusters: clusters.map((name, index) => ({
        name,
        target: {
          kind: 'docker',
          service: `fleet-${name}`,
          listenHost: '127.0.0.1',
          listenPort: ports[index],
        },
      })),
    });
    const repository = await installation.repository('fleet-first');
    const first = { ...files(installation, 'first'), '.sluice.yml': pipeline(installation, 'first', []) };
    const commit = await repository.push(first);
    const run: RunView = await endOfRun(installation, await findRun(installation, commit));
    if (run.status !== 'succeeded')
      throw new Error(`the first release ${run.status}: ${JSON.stringify(run.state?.stages)}`);
    return ports.map((port) => `http://127.0.0.1:${port}/`);
  })();
  known.set(installation, made);
  made.catch(() => known.delete(installation)); // the next journey tries again
  return made;
}

const files = (installation: Installation, id: string): Readonly<Record<string, string>> => ({
  Dockerfile: `FROM ${installation.platform.image}\nRUN mkdir /www; echo ${id} > /www/index.html\nCMD ["httpd", "-f", "-p", "8080", "-h", "/www"]\n`,
  '.sluice.yml': pipeline(installation, id, ['set_weight: 50', 'pause: {}']),
});

const pipeline = ({ registry }: Installation, id: string, steps: readonly string[]): string => `
name: fleet
on: { push: {} }
stages:
  image:
    build: { file: Dockerfile }
  push:
    needs: [image]
    push: { of: image, to: '${registry}/fleet', tags: ['${id}'] }
  production:
    needs: [push]
    deploy:
      environment: fleet
      image: push
      container: { port: 8080, replicas: 1, health: / }
      strategy: ${steps.length === 0 ? 'rolling' : 'canary'}
      waves: [1, rest]
      interval: 1s
      bake: 0s
      drain: 0s
      deadline: 20m
${steps.length === 0 ? '' : `      steps: [${steps.map((step) => `{ ${step} }`).join(', ')}]\n`}`;
