// Everything that a worker says to the server, each answer checked.
import { z } from 'zod';
import {
  heartbeatAnswer,
  heldAttempts,
  holdAnswer,
  type ActionClaimAnswer,
  type ActionClaimRequest,
  type ActionReport,
  type AdoptRequest,
  type ClaimAnswer,
  type ClaimRequest,
  type Heartbeat,
  type HeartbeatAnswer,
  type HeldAttempts,
  type HoldEnd,
  type HoldRequest,
} from '@sluice/pipelines/protocol/worker-api';
import type { BlobClient } from '../stages/stage-runner.ts';
import { actionClaimAnswer, claimAnswer } from './claim-answers.ts';
import { whileAway } from './backoff.ts';
import { createExchange } from './exchange.ts';
import { createHttpDoor, type TokenListener } from './http-door.ts';
import { createKeptFilesClient, type KeptFilesClient } from './kept-files-client.ts';
import { createDriftClient, type DriftClient } from './drift-client.ts';
import { createOrphansClient, type OrphansClient } from './orphans-client.ts';
import { readPast, type KnownPast } from './read-past.ts';
import { createRecordsClient, type RecordsClient } from './records-client.ts';

/** Each call rejects with ServerAwayError or ServerRefusedError; only `postRecords` answers instead. */
export interface ServerClient extends RecordsClient {
  /** The claim again, with a raised fence, of an attempt that a dead process of this worker held. */
  readonly adopt: (attemptId: string, request: AdoptRequest) => Promise<ClaimAnswer>;
  readonly claim: (request: ClaimRequest) => Promise<ClaimAnswer>;
  /** What the server believes this worker to hold. */
  readonly held: (workerId: string) => Promise<HeldAttempts['attempts']>;
  /** Keeps a failed attempt's container; rejects with ServerRefusedError, status 409, when it may not. */
  readonly hold: (attemptId: string, request: HoldRequest) => Promise<{ readonly forMs: number }>;
  readonly holdEnded: (attemptId: string, end: HoldEnd) => Promise<void>;
  /** What the server has of an attempt that another worker had; asks again while the server is away, until `signal` aborts. */
  readonly past: (attemptId: string, fence: number, signal: AbortSignal) => Promise<KnownPast>;
  readonly heartbeat: (beat: Heartbeat) => Promise<HeartbeatAnswer>;
  readonly claimAction: (request: ActionClaimRequest, signal?: AbortSignal) => Promise<ActionClaimAnswer>;
  /** Rejects with ServerRefusedError, status 409, when the fence is stale. */
  readonly reportAction: (rolloutId: string, action: number, report: ActionReport) => Promise<void>;
  /** Its `put` tries again while the server is away, until `signal` aborts. */
  readonly blobs: (attemptId: string, fence: number, signal: AbortSignal) => BlobClient;
  readonly keptFiles: (attemptId: string, fence: number) => KeptFilesClient;
  readonly orphans: OrphansClient;
  readonly drift: DriftClient;
}

export function createServerClient(serverUrl: string, token: string, onToken?: TokenListener): ServerClient {
  const door = createHttpDoor(serverUrl, token, onToken);
  const exchange = createExchange(door);
  const post = (path: string, body: unknown, signal?: AbortSignal): Promise<unknown> =>
    door.call({
      method: 'POST',
      path,
      body: JSON.stringify(body),
      timeoutMs: 15_000,
      ...(signal === undefined ? {} : { signal }),
    });
  return {
    ...createRecordsClient(exchange),
    claim: async (request) => claimAnswer.parse(await exchange.claim(JSON.stringify(request))),
    adopt: async (attemptId, request) =>
      claimAnswer.parse(await post(`/worker/attempts/${attemptId}/adopt`, request)),
    held: async (workerId) => heldAttempts.parse(await post('/worker/held', { workerId })).attempts,
    hold: async (attemptId, request) =>
      holdAnswer.parse(await post(`/worker/attempts/${attemptId}/hold`, request)),
    holdEnded: async (attemptId, end) => {
      await post(`/worker/attempts/${attemptId}/hold/end`, end);
    },
    past: (attemptId, fence, signal) => whileAway(signal, () => readPast(door, attemptId, fence, signal)),
    heartbeat: async (beat) => heartbeatAnswer.parse(await post('/worker/heartbeat', beat)),
    claimAction: async (request, signal) =>
      actionClaimAnswer.parse(await post('/worker/actions/claims', request, signal)),
    reportAction: async (rolloutId, action, report) => {
      await post(`/worker/actions/${rolloutId}/${action}/result`, report);
    },
    keptFiles: (attemptId, fence) => createKeptFilesClient(door, attemptId, fence),
    orphans: createOrphansClient(post),
    drift: createDriftClient(post),
    blobs: (attemptId, fence, signal) => ({
      put: async (name, body) =>
        storedBlob.parse(
          await whileAway(signal, () =>
            door.call({
              method: 'PUT',
              path: `/worker/attempts/${attemptId}/blobs/${encodeURIComponent(name)}`,
              body,
              headers: { 'x-sluice-fence': String(fence), 'content-type': 'application/octet-stream' },
              timeoutMs: 300_000,
              signal,
            }),
          ),
        ),
    }),
  };
}

const storedBlob = z.object({ sha256: z.string(), bytes: z.number().int() });
