// A host that stays away for good: what its worker had on a shared Docker engine and in a cluster is removed by another
// worker of the same engine and cluster, and the metric says so.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LogPage, RunView } from '@sluice/pipelines/protocol/api';
import { podPool, podWorkers, type PodWorkers } from '../rig/pod-workers.ts';
import { endedRun, eventually, runOf, startSluice, type SluiceRig } from '../rig/sluice.ts';

const image = process.env['TEST_IMAGE'] ?? 'lab/busybox:1';
const dockerHost = process.env['DOCKER_HOST'];
const isReady = process.env['KUBECONFIG'] !== undefined && dockerHost !== undefined;

const pipeline = `
name: left-behind
on: { push: {} }
stages:
  pod:
    pool: ${podPool}
    image: ${image}
    steps: [echo begun; sleep 3000]
  container:
    pool: engine
    image: ${image}
    services:
      cache: { image: ${image}, command: [sleep, '3000'] }
    steps: [echo begun; sleep 3000]
`;

/** So that nobody has to wait for what takes minutes in production. */
const hasty = { SLUICE_ORPHANS_EVERY_MS: '1000', SLUICE_ORPHANS_OVER_MS: '1000' };

describe.skipIf(!isReady)('a host that stays away (needs KUBECONFIG and DOCKER_HOST)', () => {
  let sluice: SluiceRig;
  let workers: PodWorkers;
  beforeAll(async () => {
    sluice = await startSluice();
    workers = podWorkers(sluice, 'sluice-e2e-orphans', { DOCKER_HOST: dockerHost ?? '' });
    workers.start('pods');
    workers.start('engine', { SLUICE_EXECUTOR: 'docker', SLUICE_POOL: 'engine' });
  });
  afterAll(async () => {
    workers[Symbol.dispose]();
    await sluice[Symbol.asyncDispose]();
  });

  test('leaves nothing: another worker removes its container, network and pod, and says why', async () => {
    const repository = await sluice.repository('left');
    const commit = await repository.push({ '.sluice.yml': pipeline });
    const { id } = await runOf(sluice.api, commit);
    await eventually('both stages to begin', async () => {
      const run = await sluice.api.call<RunView>('GET', `/api/runs/${id}`);
      const begun = await Promise.all(run.attempts.map((attempt) => hasSaid(attempt.id, 'begun')));
      return begun.length === 2 && begun.every(Boolean) ? true : null;
    });
    await eventually('the pod and both containers', () =>
      workers.podsOf(id) !== '' && containersOf(id).length === 2 ? true : null,
    );
    const network = docker('network', 'ls', '--quiet', '--filter', `label=sluice.run=${id}`);
    workers.kill('pods', 'SIGKILL');
    workers.kill('engine', 'SIGKILL');
    // Somebody's container keeps the network from being removed, so that the metric can be seen above 0.
    const guest = docker('run', '--detach', '--network', network, image, 'sleep', '3000');
    try {
      await loseOfferedPods(id);
      const run = await endedRun(sluice.api, commit);
      expect(Object.values(run.state?.stages ?? {}).map((stage) => stage.status)).toEqual([
        'failed',
        'failed',
      ]);

      // Of a pool of its own: it takes nothing over.
      workers.start('tidy', { ...hasty, SLUICE_POOL: 'tidy' });
      await eventually('the end of container and pod', () =>
        workers.podsOf(id) === '' && containersOf(id).length === 0 ? true : null,
      );
      await eventually('an orphan in the metric', async () =>
        (await figure('sluice_orphans', 'network')) === 1 ? true : null,
      );
    } finally {
      docker('rm', '--force', guest);
    }
    await eventually('no orphan in the metric', async () => {
      const kinds = ['container', 'network', 'volume', 'pod'];
      const counts = await Promise.all(kinds.map((kind) => figure('sluice_orphans', kind)));
      return counts.every((count) => count === 0) ? true : null;
    });
    expect(docker('network', 'ls', '--quiet', '--filter', `label=sluice.run=${id}`)).toBe('');
    const removed = 'sluice_orphans_removed_total';
    expect(await figure(removed, 'container')).toBe(2);
    expect(await figure(removed, 'network')).toBe(1);
    expect(await figure(removed, 'pod')).toBe(1);
    const told = await repairsOf(id);
    expect(told).toHaveLength(4);
    for (const message of told)
      expect(message).toMatch(/removed the .* has been over for .* nobody had removed it/);
  });

  async function hasSaid(attemptId: string, text: string): Promise<boolean> {
    const page = await sluice.api.call<LogPage>('GET', `/api/attempts/${attemptId}/log?from=0&limit=1000`);
    return page.lines.some((line) => line.text === text);
  }

  const docker = (...words: string[]): string => execFileSync('docker', words, { encoding: 'utf8' }).trim();

  /** Without those of pods, which have the same labels where a node of the cluster uses this engine. */
  const containersOf = (runId: string): readonly string[] =>
    docker('ps', '--all', '--format', '{{.Names}}', '--filter', `label=sluice.run=${runId}`)
      .split('\n')
      .filter((name) => name !== '' && !name.startsWith('k8s_'));

  /** The sum over engines of one kind; null: the metric says nothing of it. */
  async function figure(name: string, kind: string): Promise<number | null> {
    const token = readFileSync(join(sluice.dataDir, 'worker-token'), 'utf8').trim();
    const answer = await fetch(`${sluice.url}/metrics`, { headers: { authorization: `Bearer ${token}` } });
    const lines = (await answer.text()).split('\n');
    const found = lines.filter((line) => line.startsWith(`${name}{`) && line.includes(`kind="${kind}"`));
    return found.length === 0 ? null : found.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  }

  /** Lets the minutes pass in which another worker might have taken the pod over. */
  async function loseOfferedPods(runId: string): Promise<void> {
    await inDatabase(async (pool) => {
      await eventually('the offer of the pod', async () => {
        const { rowCount } = await pool.query(
          `update attempts set lease_until = 1 where run_id = $1 and stage = 'pod' and status = 'queued'`,
          [runId],
        );
        return rowCount === 1 ? true : null;
      });
    });
  }

  async function repairsOf(runId: string): Promise<readonly string[]> {
    return inDatabase(async (pool) => {
      const { rows } = await pool.query<{ event: { kind: string; repair?: string; message?: string } }>(
        'select event from run_events where run_id = $1',
        [runId],
      );
      return rows.flatMap(({ event: { repair, message } }) =>
        repair === 'orphan-removed' ? [message ?? ''] : [],
      );
    });
  }

  async function inDatabase<T>(work: (pool: pg.Pool) => Promise<T>): Promise<T> {
    const environment = readFileSync(`/proc/${sluice.pid('server')}/environ`, 'utf8').split('\0');
    const line = environment.find((each) => each.startsWith('DATABASE_URL='));
    const pool = new pg.Pool({ connectionString: line?.slice('DATABASE_URL='.length) ?? '' });
    try {
      return await work(pool);
    } finally {
      await pool.end();
    }
  }
});
