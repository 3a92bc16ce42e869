// What differs between the forges that send us deliveries.
import type { NormalisedDelivery } from '@sluice/pipelines/trigger/trigger';
import type { IncomingHttpHeaders } from 'node:http';
import { z } from 'zod';
import { normaliseGeneric } from './generic/normalise.ts';
import { normaliseGithub } from './github/normalise.ts';

export type Provider = 'github' | 'generic';

export interface WebhookVendor {
  readonly deliveryIdHeader: string;
  readonly signatureHeader: string;
  /** Headers that are stored with a delivery. */
  readonly keptHeaders: readonly string[];
  readonly event: (headers: IncomingHttpHeaders, payload: unknown) => string;
  /** Full name of the repository that the payload says it is about, not yet believed; null: none. */
  readonly repository: (payload: unknown) => string | null;
  readonly normalise: (event: string, payload: unknown) => NormalisedDelivery;
}

export const vendors = {
  github: {
    deliveryIdHeader: 'x-github-delivery',
    signatureHeader: 'x-hub-signature-256',
    keptHeaders: ['user-agent', 'content-type', 'x-github-event', 'x-github-delivery', 'x-github-hook-id'],
    event: (headers) => String(headers['x-github-event'] ?? ''),
    repository: (payload) => githubRepository.safeParse(payload).data?.repository.full_name ?? null,
    normalise: normaliseGithub,
  },
  generic: {
    deliveryIdHeader: 'x-sluice-delivery',
    signatureHeader: 'x-sluice-signature-256',
    keptHeaders: ['user-agent', 'content-type', 'x-sluice-delivery'],
    event: (_headers, payload) => genericEnvelope.safeParse(payload).data?.event ?? '',
    repository: (payload) => genericEnvelope.safeParse(payload).data?.repository ?? null,
    normalise: normaliseGeneric,
  },
} satisfies Record<Provider, WebhookVendor>;

const githubRepository = z.object({ repository: z.object({ full_name: z.string() }) });
const genericEnvelope = z.object({ event: z.string().max(100), repository: z.string() });
