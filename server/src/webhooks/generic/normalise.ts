import { unreachable } from '@sluice/pipelines/result';
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
  if (/^0+$/.test(delivery.after)) {
    return ignored(`${delivery.event === 'tag' ? delivery.tag : delivery.branch} was deleted.`);
  }
  const base = {
    repository: delivery.repository,
    actor: delivery.actor,
    commit: { sha: delivery.after, message: delivery.message, author: delivery.author ?? delivery.actor },
  };
  switch (delivery.event) {
    case 'push': {
      const { branch, changedFiles = null } = delivery;
      return { kind: 'trigger', trigger: { event: 'push', ...base, branch, changedFiles } };
    }
    case 'tag':
      return { kind: 'trigger', trigger: { event: 'tag', ...base, tag: delivery.tag } };
    case 'manual': {
      const { branch, inputs } = delivery;
      return { kind: 'trigger', trigger: { event: 'manual', ...base, branch, inputs } };
    }
    default:
      return unreachable(delivery);
  }
}

const ignored = (reason: string): NormalisedDelivery => ({ kind: 'ignored', reason });
