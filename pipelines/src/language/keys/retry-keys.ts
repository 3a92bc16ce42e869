import { failureClasses } from '../definition.ts';
import type { KeyTable } from './key.ts';
import { durationOrZero, map, number, oneOf, oneOrList, text, whole } from './shapes.ts';

export const retryKeys: KeyTable = {
  attempts: { shape: whole(1, 20), says: 'Tries in all, the first one counted.', fallback: '1' },
  delay: {
    shape: durationOrZero,
    says: 'Wait before the second try.',
    fallback: '10s, of a step 1s',
  },
  factor: {
    shape: number(1, 100),
    says: 'Each later wait is this many times the one before.',
    fallback: '2',
  },
  max_delay: { shape: durationOrZero, says: 'No wait is longer.', fallback: '10m' },
  on: {
    shape: oneOrList(
      text('a failure class or an exit code', `^(${failureClasses.join('|')}|exit:(?!0+$)\\d{1,3})$`, [
        'exit:75',
        ...failureClasses,
      ]),
    ),
    says: 'Which failures are tried again: failure classes, or `exit:N` for one exit code.',
    fallback: '`[infrastructure, image-pull]`, of a step `[failed, timeout]`',
  },
};

export const retry = oneOf(whole(1, 20), map('a retry policy', retryKeys));
