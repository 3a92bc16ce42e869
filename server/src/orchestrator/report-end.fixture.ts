// For tests: what a worker reports of an attempt that printed nothing.
import type { Claim } from '@sluice/pipelines/protocol/worker-api';
import type { StageOutcome } from '@sluice/pipelines/run/run-state';
import type { ServerContext } from '../context.ts';
import { ingestRecords } from '../ingest/ingest-records.ts';
import { emptyLog } from '../ingest/log-digest.ts';

export async function reportEnd(context: ServerContext, claim: Claim, outcome: StageOutcome): Promise<void> {
  const end = { logLines: 0, logDigest: emptyLog.digest, at: context.now() };
  const record = { kind: 'finished', number: 1, outcome, ...end } as const;
  const result = await ingestRecords(context, claim.attemptId, { fence: claim.fence, records: [record] });
  if (!result.ok) throw new Error(result.error.message);
}
