// A shell in a stage's container, between a person and a worker, through the server that the person is on:
//
//   person ── /shell/:attemptId ──► server ◄── /worker/shells/:sessionId ── worker
//
// The worker connects outwards, told by its heartbeat; no port of a worker is reachable. Binary frames are the
// terminal's bytes, in both directions; text frames are one JSON message of those below. Nothing of either is stored.
import { z } from 'zod';

const size = { cols: z.number().int().min(1).max(1_000), rows: z.number().int().min(1).max(1_000) };

/** In the address of `/shell/:attemptId?cols=80&rows=24`. */
export const terminalSize = z.object(size);
export type TerminalSize = z.infer<typeof terminalSize>;

/** From the person, and passed on to the worker. */
export const shellRequest = z.discriminatedUnion('kind', [
  /** The first message that a worker gets; from the server itself. */
  z.object({ kind: z.literal('open'), ...size }),
  z.object({ kind: z.literal('resize'), ...size }),
]);
export type ShellRequest = z.infer<typeof shellRequest>;

/** From the person, for the server alone: their terminal cannot draw as fast as output comes, or can again. */
export const shellFlow = z.object({ kind: z.literal('flow'), isPaused: z.boolean() });
export type ShellFlow = z.infer<typeof shellFlow>;

export const shellEndReasons = [
  /** The shell itself ended: `exit`, or it was killed. */
  'exited',
  /** The step under way ended, and every process of its container with it. */
  'step-ended',
  'stage-ended',
  /** What was kept for a shell is no longer kept. */
  'released',
  'not-open',
  'too-many-shells',
  'worker-silent',
  'worker-gone',
  'idle',
  'server-stopping',
  'failed',
] as const;

/** To the person. */
export const shellNews = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('opened') }),
  /** Always the last message. */
  z.object({
    kind: z.literal('ended'),
    reason: z.enum(shellEndReasons),
    message: z.string().max(2_000),
    exitCode: z.number().int().nullable(),
  }),
]);
export type ShellNews = z.infer<typeof shellNews>;
export type ShellEnd = Extract<ShellNews, { readonly kind: 'ended' }>;

/** Header with the one-time token that a worker was given for a session. */
export const shellTokenHeader = 'x-sluice-shell-token';

/** How long a failed stage is kept by a re-run that was asked to. */
export const debugHoldMs = 30 * 60_000;
