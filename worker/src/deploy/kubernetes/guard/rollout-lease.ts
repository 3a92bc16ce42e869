// What passes between an engine and the guard of its rollouts: one Lease for each Service that something is rolled out
// behind. It holds all that a guard needs to put the traffic back, so a guard has to read nothing else of ours.
//
//   absent ─► kept (renewed at every action, `renewTime` changes) ─► removed at the end
//                └─► taken (the guard has written how long the engine was silent; never renewed again) ─► removed
//
// Both sides change it by patches with its `resourceVersion`: either the engine has renewed it or the guard has taken
// it, never both.
import { z } from 'zod';
import type { TrafficProvider } from '@sluice/pipelines/language/definition';
import { kubeObject, type KubeObject } from '../kube-objects.ts';
import { mark, note, rolloutLeaseName } from '../marks.ts';
import { parseProvider, providerText } from '../traffic/choose-router.ts';
import type { Release } from '../workload.ts';

export const leaseKind = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' } as const;

/** What the engine promises to come back to. */
export interface RolloutPromise {
  readonly provider: TrafficProvider;
  /** The Service of the old version's pods. */
  readonly service: string;
  readonly release: Pick<Release, 'installation' | 'environment' | 'version'>;
  /** How many pods the old version has when all is well. */
  readonly replicas: number;
  readonly holdsMs: number;
}

/** As it was found in the cluster. */
export interface RolloutLease extends RolloutPromise {
  readonly name: string;
  readonly resourceVersion: string;
  /** Another text than before: the engine was there in between. */
  readonly renewal: string;
  /** For how long the engine was silent when the guard took over; null: it has not. */
  readonly silentSeconds: number | null;
  /** What the guard says of itself; null: it has not seen the Lease yet. */
  readonly guard: string | null;
  readonly restored: string | null;
}

/** A new one; `now` in milliseconds since the epoch. */
export function rolloutLease(promise: RolloutPromise, now: number): KubeObject {
  const { provider, service, release, replicas } = promise;
  return {
    ...leaseKind,
    metadata: {
      name: rolloutLeaseName(service),
      labels: {
        [mark.installation]: release.installation,
        [mark.environment]: release.environment,
        [mark.guard]: 'rollout',
      },
      annotations: {
        [note.version]: release.version,
        [note.router]: providerText(provider),
        [note.service]: service,
        [note.stableReplicas]: String(replicas),
      },
    },
    spec: leaseTerms(promise, now),
  };
}

/** The part that is written anew at every renewal. */
export function leaseTerms({ release, holdsMs }: RolloutPromise, now: number): object {
  return {
    holderIdentity: `sluice ${release.installation} ${release.version}`,
    leaseDurationSeconds: Math.ceil(holdsMs / 1_000),
    renewTime: microTime(now),
  };
}

/** As Kubernetes writes times of Leases. */
export const microTime = (at: number): string => new Date(at).toISOString().replace('Z', '000Z');

/** Null: not one that an engine has made. */
export function readRolloutLease(object: KubeObject): RolloutLease | null {
  const parsed = lease.safeParse(object);
  if (!parsed.success) return null;
  const { metadata, spec } = parsed.data;
  const { labels, annotations, name, resourceVersion } = metadata;
  const provider = parseProvider(annotations[note.router] ?? '');
  const service = annotations[note.service];
  const seconds = spec.leaseDurationSeconds;
  const [installation, environment] = [labels[mark.installation], labels[mark.environment]];
  if (labels[mark.guard] !== 'rollout' || installation === undefined || environment === undefined)
    return null;
  if (provider === null || !isName(provider.name)) return null;
  if (service === undefined || !isName(service) || name !== rolloutLeaseName(service)) return null;
  const silence = annotations[note.silence];
  return {
    name,
    resourceVersion,
    provider,
    service,
    release: { installation, environment, version: annotations[note.version] ?? '' },
    replicas: wholeNumber(annotations[note.stableReplicas]) ?? 1,
    holdsMs: seconds * 1_000,
    renewal: spec.renewTime,
    silentSeconds: silence === undefined ? null : (wholeNumber(silence) ?? seconds),
    guard: annotations[note.guard] ?? null,
    restored: annotations[note.restored] ?? null,
  };
}

/** Both become part of an address; whoever may write Leases may write anything into one. */
const isName = (text: string): boolean => /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/.test(text);

function wholeNumber(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : null;
}

const texts = z.record(z.string(), z.string());
const lease = kubeObject.extend({
  metadata: z.looseObject({
    name: z.string(),
    resourceVersion: z.string(),
    labels: texts.default({}),
    annotations: texts.default({}),
  }),
  spec: z.looseObject({ leaseDurationSeconds: z.number().int().min(1), renewTime: z.string() }),
});

/** Of a Lease by which a guard says that it is at work; empty: it never has. */
export function readHeartbeat(object: KubeObject): string {
  const parsed = heartbeat.safeParse(object);
  return parsed.success ? parsed.data.spec.renewTime : '';
}

const heartbeat = kubeObject.extend({ spec: z.looseObject({ renewTime: z.string() }) });
