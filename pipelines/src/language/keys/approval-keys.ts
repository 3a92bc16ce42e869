import type { KeyTable } from './key.ts';
import { boolean, duration, map, nothing, oneOf, oneOrList, text, whole } from './shapes.ts';

export const approvalKeys: KeyTable = {
  by: {
    shape: oneOrList(text('a role or a user name')),
    says: 'Roles or user names whose word counts.',
    fallback: 'anyone who may approve in the project',
  },
  count: { shape: whole(1, 20), says: 'How many people must agree.', fallback: '1' },
  within: {
    shape: duration,
    says: 'Without enough approvals in this time, it counts as rejected.',
    fallback: '24h',
  },
  not_author: {
    shape: boolean,
    says: 'The author of the commit may not approve it.',
    fallback: 'false',
  },
};

export const approval = oneOf(nothing, map('an approval', approvalKeys));
