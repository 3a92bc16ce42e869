import {
  driftAnswer,
  type DriftLook,
  type DriftQuestion,
  type DriftReport,
} from '@sluice/pipelines/protocol/drift';

/** Each call rejects with ServerAwayError or ServerRefusedError. */
export interface DriftClient {
  /** Null: nothing is due. */
  readonly next: (question: DriftQuestion) => Promise<DriftLook | null>;
  readonly looked: (environment: string, report: DriftReport) => Promise<void>;
}

export function createDriftClient(post: (path: string, body: unknown) => Promise<unknown>): DriftClient {
  return {
    next: async (question) => driftAnswer.parse(await post('/worker/drift/next', question)).look,
    looked: async (environment, report) => {
      await post(`/worker/drift/${encodeURIComponent(environment)}`, report);
    },
  };
}
