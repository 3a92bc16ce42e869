import type { Key, KeyTable } from './key.ts';
import { boolean, choice, map, oneOf, whole } from './shapes.ts';

/** Deeper, a whole history is meant. */
export const deepestHistory = 1_000_000;

export const checkoutKeys: KeyTable = {
  depth: {
    shape: whole(0, deepestHistory),
    says: 'The workspace is a Git repository with this many commits of history; `0` for all of it, with branches and tags.',
    fallback: 'the files alone, without a `.git` folder',
  },
  submodules: {
    shape: oneOf(boolean, choice(['recursive'])),
    says: 'Whether the files of submodules are checked out, too; `recursive` also those of theirs.',
    fallback: 'false',
  },
};

export const checkout: Key = {
  shape: oneOf(boolean, map('a checkout', checkoutKeys)),
  says: 'What the workspace begins with: the files of the commit, nothing, or also history and submodules.',
  fallback: 'true',
  section: 'checkout',
};
