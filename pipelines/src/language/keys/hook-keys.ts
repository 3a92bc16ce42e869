// Somebody else's services that are asked during a rollout.
import type { KeyTable } from './key.ts';
import { choice, duration, map, list, plainText, record, text, variableNames, whole } from './shapes.ts';

export const hookTypes = [
  'confirm-rollout',
  'pre-rollout',
  'rollout',
  'rollback',
  'confirm-promotion',
  'post-rollout',
] as const;

export const hookKeys: KeyTable = {
  name: {
    shape: text('a name', '^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$', ['smoke']),
    says: 'What the log and the decisions call it.',
    required: true,
  },
  type: {
    shape: choice(hookTypes),
    says: 'When it is asked, and what its answer does.',
    required: true,
  },
  url: {
    shape: plainText('an address such as https://gate.example.com/ok', ['https://gate.example.com/ok']),
    says: 'Gets a POST with JSON; 2xx means that it agrees. Redirects are not followed.',
    required: true,
  },
  timeout: { shape: duration, says: 'For one answer, at most 45s.', fallback: '10s' },
  retries: {
    shape: whole(0, 100),
    says: 'Refusals in a row that are let pass, of `pre-rollout` and `rollout`.',
    fallback: '0',
  },
  metadata: {
    shape: record('texts', variableNames, plainText('text')),
    says: 'Goes with every question.',
    fallback: 'none',
  },
};

export const hooks = list(map('a hook', hookKeys));
