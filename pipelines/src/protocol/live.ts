// The WebSocket at `/live`, one JSON message a frame. The client states where it stands and is brought from
// there to now, then kept there: reconnecting with the last number misses nothing and repeats nothing.
import { z } from 'zod';
import type { NumberedLine, RolloutView, RunSummary, RunView } from './api.ts';

export const liveRequest = z.discriminatedUnion('kind', [
  /** Summaries of runs as they change. */
  z.object({ kind: z.literal('watch-runs') }),
  z.object({ kind: z.literal('watch-run'), runId: z.uuid() }),
  z.object({ kind: z.literal('watch-rollout'), rolloutId: z.uuid() }),
  /** `from`: number of the first line that is wanted. */
  z.object({ kind: z.literal('watch-log'), attemptId: z.uuid(), from: z.number().int().min(0) }),
  z.object({ kind: z.literal('unwatch'), id: z.string() }),
]);
export type LiveRequest = z.infer<typeof liveRequest>;

export type LiveMessage =
  | { readonly kind: 'run-summary'; readonly run: RunSummary }
  | { readonly kind: 'run'; readonly run: RunView }
  | { readonly kind: 'rollout'; readonly rollout: RolloutView }
  /** Consecutive lines; the first has the number that was asked for, or follows the last one sent. */
  | { readonly kind: 'log'; readonly attemptId: string; readonly lines: readonly NumberedLine[] }
  /** The log has ended and every line of it was sent. */
  | {
      readonly kind: 'log-complete';
      readonly attemptId: string;
      readonly lines: number;
      readonly digest: string;
      readonly verified: boolean;
    }
  | { readonly kind: 'problem'; readonly reason: string; readonly message: string };
