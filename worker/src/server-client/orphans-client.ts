import {
  standingsAnswer,
  type OrphanLook,
  type StandingsAnswer,
  type StandingsQuestion,
} from '@sluice/pipelines/protocol/orphans';

/** Each call rejects with ServerAwayError or ServerRefusedError. */
export interface OrphansClient {
  readonly standings: (question: StandingsQuestion) => Promise<StandingsAnswer>;
  readonly looked: (look: OrphanLook) => Promise<void>;
}

export function createOrphansClient(post: (path: string, body: unknown) => Promise<unknown>): OrphansClient {
  return {
    standings: async (question) => standingsAnswer.parse(await post('/worker/orphans/standings', question)),
    looked: async (look) => {
      await post('/worker/orphans/look', look);
    },
  };
}
