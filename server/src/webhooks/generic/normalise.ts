import type { NormalisedDelivery } from '@sluice/pipelines/trigger/trigger';
import { genericDelivery, type GenericDelivery } from './payloads.ts';

/** What a generic delivery means to us. Never throws, whatever the payload. */
export function normaliseGeneric(_eventName: string, payload: unknown): NormalisedDelivery {
  const result = genericDelivery.safeParse(payload);
  if (result.success) return normalise(result.data);
  const what = result.error.issues.map((issue) => `${issue.path.join('.') || 'body'}: ${issue.message}`);
  return ignored(`The body is not a generic delivery (see docs/webhooks.md): ${what.join('; ')}.`);
}

function normalise(delivery: GenericDelivery): NormalisedDelivery {
  if (delivery.event === 'ping') return ignored('ping: this address was found, and the signature is right.');
  if (/^0+$/.test(delivery.commit.sha)) {
    return ignored(`${delivery.event === 'tag' ? delivery.tag : delivery.branch} was deleted.`);
  }
  const author = delivery.commit.author === '' ? delivery.actor : delivery.commit.author;
  return { kind: 'trigger', trigger: { ...delivery, commit: { ...delivery.commit, author } } };
}

const ignored = (reason: string): NormalisedDelivery => ({ kind: 'ignored', reason });
