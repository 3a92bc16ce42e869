import { attemptName, type AttemptName } from '@sluice/pipelines/protocol/orphans';

/** The attempt that a thing's labels name; null: none that we could have written. */
export function attemptOf(labels: Readonly<Record<string, string>>): AttemptName | null {
  const named = {
    runId: labels['sluice.run'],
    stage: labels['sluice.stage'],
    attempt: Number(labels['sluice.attempt']),
  };
  return attemptName.safeParse(named).data ?? null;
}
