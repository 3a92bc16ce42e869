// Two workers that run stages as pods; the one that holds a stage ends in the middle of a step, killed or by a polite stop,
// and does not come back. The pod goes on, and the other worker takes it over.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LogPage, RunView } from '@sluice/pipelines/protocol/api';
import { podPool, podWorkers, type PodWorkers } from '../rig/pod-workers.ts';
import { endedRun, eventually, runOf, startSluice, type SluiceRig } from '../rig/sluice.ts';

const image = process.env['TEST_IMAGE'] ?? 'lab/busybox:1';

const pipeline = (lines: number): string => `
name: survivor
on: { push: {} }
stages:
  only:
    pool: ${podPool}
    image: ${image}
    services:
      cache: { image: ${image}, command: [sleep, '3000'] }
    steps:
      - echo first >> began; echo before
      - name: count
        retry: { attempts: 2, delay: 1s }
        run: |
          echo count >> began
          if [ $(wc -l < began) = 2 ]; then echo "a first try"; exit 1; fi
          i=0; while [ $i -lt ${lines} ]; do echo "line $i"; echo "error $i" >&2; i=$((i+1)); sleep 0.1; done
      - name: after
        run: cat began; cp began result
    outputs:
      result: { file: result }
`;

describe.skipIf(process.env['KUBECONFIG'] === undefined)(
  'pods of a worker that ends (needs KUBECONFIG)',
  () => {
    let sluice: SluiceRig;
    let workers: PodWorkers;

    beforeAll(async () => {
      sluice = await startSluice();
      workers = podWorkers(sluice, 'sluice-e2e-pods', { SLUICE_DRAIN_MS: '0' });
      for (const name of ['one', 'two']) workers.start(name);
    });
    afterAll(async () => {
      workers[Symbol.dispose]();
      await sluice[Symbol.asyncDispose]();
    });

    test('the pod of a killed worker is taken over: no line is lost, none comes twice, no step runs again', async () => {
      const commit = await begun('killed', 300);
      const holder = await workers.holderOf(commit.runId);
      workers.kill(holder, 'SIGKILL');
      await endedWhole(commit, 300);
      workers.start(holder);
    });

    test('a worker that is stopped hands its pod over at once, and nothing of the stage is disturbed', async () => {
      const commit = await begun('stopped', 100);
      const holder = await workers.holderOf(commit.runId);
      workers.kill(holder, 'SIGTERM');
      expect(await workers.ended(holder)).toBe(0);
      await endedWhole(commit, 100);
      const words = await linesOf(commit.runId, 's');
      expect(words.join('\n')).toMatch(/worker \S+ stops; the pod of this stage goes on/);
      expect(words.join('\n')).not.toMatch(/not heard/);
    });

    interface Begun {
      readonly sha: string;
      readonly runId: string;
    }

    /** A run in the middle of its second step. */
    async function begun(name: string, lines: number): Promise<Begun> {
      const repository = await sluice.repository(name);
      const sha = await repository.push({ '.sluice.yml': pipeline(lines) });
      const { id } = await runOf(sluice.api, sha);
      await eventually('"line 5" in the log', async () =>
        (await linesOf(id)).includes('line 5') ? true : null,
      );
      return { sha, runId: id };
    }

    async function endedWhole({ sha, runId }: Begun, lines: number): Promise<void> {
      const run = await endedRun(sluice.api, sha);
      expect(run.status).toBe('succeeded');
      expect(run.attempts.map(({ stage, attempt }) => `${stage} ${attempt}`)).toEqual(['only 1']);
      expect(run.attempts[0]?.log).toMatchObject({ verified: true });
      const written = await linesOf(runId);
      const numbers = Array.from({ length: lines }, (_, at) => at);
      expect(written.filter((line) => line.startsWith('line '))).toEqual(numbers.map((at) => `line ${at}`));
      expect(written.filter((line) => line.startsWith('error '))).toEqual(numbers.map((at) => `error ${at}`));
      expect(written.filter((line) => line === 'a first try')).toHaveLength(1);
      expect(written.slice(-3)).toEqual(['first', 'count', 'count']);
      expect(run.state?.stages['only']).toMatchObject({ outputs: { result: 'first\ncount\ncount' } });
      await eventually('the end of its pod', () => (workers.podsOf(runId) === '' ? true : null));
    }

    /** What the steps wrote, or (`s`) what the engine itself said. */
    async function linesOf(runId: string, stream?: 's'): Promise<readonly string[]> {
      const run = await sluice.api.call<RunView>('GET', `/api/runs/${runId}`);
      const attempt = run.attempts[0];
      if (attempt === undefined) return [];
      const page = await sluice.api.call<LogPage>('GET', `/api/attempts/${attempt.id}/log?from=0&limit=1000`);
      return page.lines.filter((line) => (line.stream === 's') === (stream === 's')).map((line) => line.text);
    }
  },
);
