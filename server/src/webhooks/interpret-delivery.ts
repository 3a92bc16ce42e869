import type { NormalisedDelivery } from '@sluice/pipelines/trigger/trigger';
import { z } from 'zod';
import { vendors, type Provider } from './vendors.ts';

/** The trigger that a delivery is, or why it starts nothing here. Never throws, whatever the payload. */
export function interpretDelivery(provider: Provider, event: string, payload: unknown): NormalisedDelivery {
  const meaning = vendors[provider].normalise(event, payload);
  if (meaning.kind === 'trigger' && meaning.trigger.event === 'pull_request' && meaning.trigger.fromFork) {
    return {
      kind: 'ignored',
      reason:
        "The pull request comes from a fork: a stranger's code would run with this project's secrets. " +
        'Push its commits to a branch of the repository itself to run them.',
    };
  }
  return meaning;
}

/** As `interpretDelivery`, for a payload whose headers are lost: a delivery that was saved to a file. */
export function interpretSavedPayload(payload: unknown): NormalisedDelivery {
  const generic = vendors.generic.event({}, payload);
  if (generic !== '') return interpretDelivery('generic', generic, payload);
  const shape = githubShape.safeParse(payload).data;
  if (shape === undefined) {
    return {
      kind: 'ignored',
      reason:
        'This is neither a delivery of GitHub nor a generic one (docs/webhooks.md): it names no repository.',
    };
  }
  return interpretDelivery('github', githubEvent(shape), payload);
}

const githubShape = z.object({
  repository: z.object({ full_name: z.string() }),
  ref: z.unknown().optional(),
  after: z.unknown().optional(),
  pull_request: z.unknown().optional(),
  number: z.unknown().optional(),
  action: z.unknown().optional(),
});

/** What GitHub says in the header `X-GitHub-Event`, as far as it starts anything. */
function githubEvent(shape: z.infer<typeof githubShape>): string {
  if (shape.pull_request !== undefined && shape.number !== undefined) return 'pull_request';
  if (shape.ref !== undefined && shape.after !== undefined) return 'push';
  return typeof shape.action === 'string' ? shape.action : 'other';
}
