import { createInterface } from 'node:readline/promises';
import type { ApprovalVote } from '@sluice/pipelines/run/run-state';

/** Asks at the terminal until yes or no is said. Null: `signal` has ended the question. */
export async function askApproval(
  stage: string,
  { input, output }: { readonly input: NodeJS.ReadableStream; readonly output: NodeJS.WritableStream },
  now: () => number,
  signal: AbortSignal,
): Promise<ApprovalVote | null> {
  const lines = createInterface({ input, output, terminal: false });
  try {
    for (;;) {
      const answer = (await lines.question(`${stage}: approve? (yes/no) `, { signal })).trim().toLowerCase();
      if (answer === 'yes' || answer === 'y')
        return { by: 'you', verdict: 'approved', reason: null, at: now() };
      if (answer === 'no' || answer === 'n')
        return { by: 'you', verdict: 'rejected', reason: null, at: now() };
    }
  } catch (error) {
    if (signal.aborted) return null;
    throw error;
  } finally {
    lines.close();
  }
}
