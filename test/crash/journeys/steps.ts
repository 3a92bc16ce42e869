// webhook → first stage with two steps → second stage → end, stopped ten times.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunSummary, RunView } from '@sluice/pipelines/protocol/api';
import { isClaim, reports, reportsOf, type Call, type Held } from '../door.ts';
import type { Installation } from '../installation.ts';
import { letGo, platformBreaks, until, untilTrue, type Journey } from '../journey.ts';
import { endOfRun, linesOf, verifyCounting, verifyRun } from '../verify-run.ts';

/** `id`: a word of this journey alone. */
export async function stepsJourney(installation: Installation, id: string): Promise<Journey> {
  const { api, db, door, gates, git, links, parts, platform } = installation;
  const repository = await installation.repository(`steps-${id}`);
  const commit = repository.commit({ '.sluice.yml': pipeline(installation, id) });
  const holds: Partial<Record<'claimed' | 'made' | 'ended' | 'tail' | 'removed' | 'end', Held | undefined>> =
    {};
  let runId = '';
  /** Attempt of the second stage. */
  let second = '';
  let linesBefore = 0;

  const attempt = (stage: string) =>
    db
      .selectFrom('attempts')
      .selectAll()
      .where('run_id', '=', runId)
      .where('stage', '=', stage)
      .executeTakeFirst();
  const outboxIsEmpty = async (): Promise<boolean> =>
    (await db.selectFrom('outbox').select('id').limit(1).executeTakeFirst()) === undefined;
  const stepState = async (index: number) => {
    const run = await api.call<RunView>('GET', `/api/runs/${runId}`);
    const stage = run.state?.stages['first'];
    return stage !== undefined && 'steps' in stage ? stage.steps[index]?.status : undefined;
  };

  return {
    name: 'steps',
    start: () => repository.announce(commit),
    stops: [
      {
        phase: 'webhook-stored',
        hold: () => git.server.close(),
        reached: () => untilTrue('the fetch of the pipeline file', git.server.isReached),
        release: () => git.server.open(),
        progressed: async () => {
          runId = await until('the run', async () => {
            const { runs } = await api.call<{ runs: readonly RunSummary[] }>('GET', '/api/runs?limit=5');
            return runs.find((run) => run.commit.sha === commit)?.id;
          });
        },
      },
      {
        phase: 'planned',
        hold: () => links['server-redis'].freeze(),
        reached: async () => {
          runId = await until(
            'the planned run',
            async () =>
              (await db.selectFrom('runs').select('id').where('commit_sha', '=', commit).executeTakeFirst())
                ?.id,
          );
        },
        release: () => thaw(installation),
        progressed: () =>
          untilTrue(
            'the stage in its queue',
            async () => (await attempt('first')) !== undefined && (await outboxIsEmpty()),
          ),
      },
      {
        phase: 'queued',
        hold: () => {
          parts.worker.signal('SIGSTOP');
          holds.claimed = door.holdAnswers(isClaim);
        },
        reached: () => untilTrue('the stage in its queue', outboxIsEmpty),
        release: () => {
          parts.worker.signal('SIGCONT');
        },
        progressed: () => untilTrue('the claim', async () => (await attempt('first'))?.status === 'held'),
      },
      {
        phase: 'claimed',
        hold: () => undefined, // since the stop before: a worker that was started anew claims at once
        reached: () => untilTrue('the claim', async () => (await attempt('first'))?.status === 'held'),
        release: (cell) => letGo(holds.claimed, cell),
        progressed: () => untilTrue('the checkout', () => git.worker.isReached()),
      },
      {
        phase: 'checkout',
        hold: () => {
          git.worker.close();
          // Meanwhile the pod is made, which the worker does not know.
          holds.made = platform.holdAnswers?.(isFor('POST', '/pods'));
        },
        reached: async () => {
          await untilTrue('the checkout', () => git.worker.isReached());
          await caught('the pod', holds.made);
        },
        release: (cell) => {
          letGo(holds.made, cell, platformBreaks);
          git.worker.open();
        },
        progressed: () => untilTrue('the first step', () => gates.count(`${id}-one`) > 0),
      },
      {
        phase: 'step-running',
        hold: () => undefined, // the step waits for its gate
        reached: async () => {
          await untilTrue('lines of the first step', async () => {
            linesBefore = (await linesOf(installation, runId, 'first')).length;
            return linesBefore >= 3;
          });
        },
        release: () => undefined,
        progressed: () =>
          untilTrue(
            'another line',
            async () => (await linesOf(installation, runId, 'first')).length > linesBefore + 1,
          ),
        leave: () => gates.open(`${id}-one`),
      },
      {
        phase: 'step-ended',
        hold: () => {
          holds.ended = door.holdRequests(reports('"step-finished"'));
        },
        reached: () => untilTrue('the second step', () => gates.count(`${id}-two`) > 0),
        release: (cell) => letGo(holds.ended, cell),
        progressed: () =>
          untilTrue('the end of the first step', async () => (await stepState(0)) === 'succeeded'),
        leave: () => gates.open(`${id}-two`),
      },
      {
        phase: 'log-tail',
        hold: () => {
          holds.tail = door.holdRequests(reports('last line'));
          holds.removed = platform.holdAnswers?.(isFor('DELETE', '/pods/'));
        },
        reached: () =>
          holds.removed === undefined
            ? untilTrue('the end in the spool', () => isInSpool(installation, '"finished"'))
            : caught('the removal of the pod', holds.removed),
        release: (cell) => {
          letGo(holds.removed, cell, platformBreaks);
          letGo(holds.tail, cell);
        },
        progressed: () =>
          untilTrue('the end of the stage', async () => (await attempt('first'))?.status === 'finished'),
      },
      {
        phase: 'stage-ended',
        hold: () => links['server-redis'].freeze(),
        reached: () =>
          untilTrue('the second stage planned', async () => {
            second = (await attempt('second'))?.id ?? '';
            return second !== '';
          }),
        release: () => thaw(installation),
        progressed: () => untilTrue('the second stage', () => gates.count(`${id}-three`) > 0),
        leave: () => gates.open(`${id}-three`),
      },
      {
        phase: 'run-ended',
        hold: () => {
          // The worker may have to tell the end of the first stage once more, in one request with its next claim.
          holds.end = door.holdAnswers(reportsOf(second, '"kind":"finished"'));
        },
        reached: () =>
          untilTrue('the end of the run', async () => {
            const run = await db
              .selectFrom('runs')
              .select('finished_at')
              .where('id', '=', runId)
              .executeTakeFirst();
            return run !== undefined && run.finished_at !== null;
          }),
        release: (cell) => letGo(holds.end, cell),
        progressed: () => untilTrue('an empty spool', () => !isInSpool(installation, '"finished"')),
      },
    ],
    verify: async () => [
      ...(await verifyRun(installation, { runId, status: 'succeeded' })),
      ...verifyCounting(await linesOf(installation, runId, 'first'), 'one'),
      ...verifyCounting(await linesOf(installation, runId, 'first'), 'two'),
      ...verifyCounting(await linesOf(installation, runId, 'second'), 'three'),
      ...['one', 'two', 'three'].flatMap((step) =>
        gates.count(`${id}-${step}`) === 1
          ? []
          : [`step ${step} began ${gates.count(`${id}-${step}`)} times`],
      ),
      ...(await runsOf(installation, commit)),
    ],
    abandon: async () => {
      for (const held of Object.values(holds)) held?.release();
      for (const name of ['one', 'two', 'three']) gates.open(`${id}-${name}`);
      git.server.open();
      git.worker.open();
      parts.worker.signal('SIGCONT');
      if (runId !== '') {
        await api.call('POST', `/api/runs/${runId}/cancel`, { reason: 'given up' }).catch(() => undefined);
        await endOfRun(installation, runId).catch(() => undefined);
      }
    },
  };
}

const isFor =
  (method: string, path: string) =>
  ({ line }: Call): boolean =>
    line.startsWith(`${method} `) && line.includes(path);

/** The call stands at the door; at once where there is none. */
async function caught(what: string, held: Held | undefined): Promise<void> {
  let isCaught = held === undefined;
  void held?.reached.then(() => (isCaught = true));
  await untilTrue(what, () => isCaught);
}

// A step counts its beginning, prints numbered lines until its gate opens, and says that it ends.
const step = (gates: string, id: string, name: string, end: string): string => `
      - name: ${name}
        run: |
          wget -q -O /dev/null ${gates}/effect/${id}-${name}
          i=0
          until wget -q -O /dev/null ${gates}/open/${id}-${name} 2>/dev/null; do
            echo "${name} $i"; i=$((i+1)); sleep 0.1
          done
          echo "${name} $i"
          echo "${end}"`;

const pipeline = ({ gatesUrl: gates, platform: { image } }: Installation, id: string): string => `
name: steps
on: { push: {} }
stages:
  first:
    image: ${image}
    steps:${step(gates, id, 'one', 'the first has ended')}${step(gates, id, 'two', 'last line')}
  second:
    needs: [first]
    image: ${image}
    steps:${step(gates, id, 'three', 'the second has ended')}
`;

function thaw({ links }: Installation): void {
  if (links['server-redis'].isFrozen()) links['server-redis'].heal();
}

function isInSpool({ folder }: Installation, text: string): boolean {
  const spools = join(folder, 'worker', 'spools');
  return readdirSync(spools).some((name) => readFileSync(join(spools, name), 'utf8').includes(text));
}

async function runsOf({ db }: Installation, commit: string): Promise<readonly string[]> {
  const runs = await db.selectFrom('runs').select('id').where('commit_sha', '=', commit).execute();
  return runs.length === 1 ? [] : [`the push started ${runs.length} runs`];
}
