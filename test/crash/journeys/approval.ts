// webhook → a person is asked → says yes → the stage behind runs; stopped while it waits, and when the yes is stored
// but whoever said it does not know.
import { apiClient, ApiError } from '../../../cli/src/api-client.ts';
import type { Held } from '../door.ts';
import type { Installation } from '../installation.ts';
import { letGo, until, untilTrue, type Journey } from '../journey.ts';
import { findRun, giveUp } from '../runs.ts';
import { linesOf, verifyCounting, verifyRun } from '../verify-run.ts';

export async function approvalJourney(installation: Installation, id: string): Promise<Journey> {
  const { api, db, door, gates } = installation;
  const repository = await installation.repository(`approval-${id}`);
  const commit = repository.commit({ '.sluice.yml': pipeline(installation, id) });
  const person = apiClient(`http://127.0.0.1:${door.port}`, api.token);
  let runId = '';
  let held: Held | null = null;
  let firstAnswer: Promise<string> = Promise.resolve('');

  const vote = (by: typeof api): Promise<string> =>
    by.call('POST', `/api/runs/${runId}/stages/accept/vote`, { verdict: 'approved' }).then(
      () => 'accepted',
      (error: unknown) => (error instanceof ApiError ? error.reason : String(error)),
    );
  /** A person who asks again while nobody answers. */
  const insist = (by: typeof api): Promise<string> =>
    until('an answer to a vote', async () => {
      const answer = await vote(by);
      return answer === 'server-unreachable' || answer === 'unexpected-answer' ? null : answer;
    });
  const votes = async (): Promise<number> => {
    const events = await db.selectFrom('run_events').select('event').where('run_id', '=', runId).execute();
    return events.filter(({ event }) => event.kind === 'approval-voted').length;
  };

  return {
    name: 'approval',
    start: async () => {
      await repository.announce(commit);
      runId = await findRun(installation, commit);
    },
    stops: [
      {
        phase: 'approval-awaited',
        hold: () => undefined, // it waits for a person
        reached: () =>
          untilTrue('the question', async () => {
            const run = await db
              .selectFrom('runs')
              .select('status')
              .where('id', '=', runId)
              .executeTakeFirst();
            return run?.status === 'awaiting-approval';
          }),
        release: () => {
          firstAnswer = insist(person);
          firstAnswer.catch(() => undefined); // heard below
        },
        progressed: () => untilTrue('the vote', async () => (await votes()) > 0),
      },
      {
        phase: 'approval-given',
        hold: () => {
          held = door.holdAnswers(({ line }) => line.endsWith('/vote'));
        },
        reached: () => untilTrue('the vote', async () => (await votes()) > 0),
        release: (cell) => letGo(held, cell),
        progressed: async () => {
          // Whoever got no answer asks again, and is told that the vote is there.
          const answer = await firstAnswer;
          const again = await insist(api);
          if (!['already-voted', 'nothing-to-vote-on'].includes(again))
            throw new Error(`a second vote was answered with ${again}, the first with ${answer}`);
          await untilTrue('the stage behind', () => gates.count(`${id}-after`) > 0);
          gates.open(`${id}-after`);
        },
      },
    ],
    verify: async () => [
      ...(await verifyRun(installation, { runId, status: 'succeeded' })),
      ...((await votes()) === 1 ? [] : [`there are ${await votes()} votes`]),
      ...(gates.count(`${id}-after`) === 1
        ? []
        : [`the stage behind ran ${gates.count(`${id}-after`)} times`]),
      ...verifyCounting(await linesOf(installation, runId, 'after'), 'after'),
    ],
    abandon: async () => {
      held?.release();
      gates.open(`${id}-after`);
      await giveUp(installation, runId);
    },
  };
}

const pipeline = ({ gatesUrl, platform }: Installation, id: string): string => `
name: approval
on: { push: {} }
stages:
  accept:
    approve: {}
  after:
    needs: [accept]
    image: ${platform.image}
    steps:
      - wget -q -O /dev/null ${gatesUrl}/effect/${id}-after; echo "after 0"
`;
