// Requests that are told apart by what they carry.
import type { KeyTable, MapShape } from './key.ts';
import { map, record, text } from './shapes.ts';

/** Both become part of a router's configuration, so nothing is let in that could mean something there. */
export const requestNames = '^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$';
export const requestValues = '^[\\x20-\\x7e]{1,500}$';

export const requestValueMap = (called: string): MapShape => {
  const shape = record(called, requestNames, text('plain text', requestValues, ['1']));
  return { ...shape, rules: { notEmpty: true } };
};

export const requestMatchKeys: KeyTable = {
  header: {
    shape: requestValueMap('headers'),
    says: 'Headers with these values, upper and lower case of values told apart.',
    fallback: 'any',
  },
  cookie: { shape: requestValueMap('cookies'), says: 'Cookies with these values.', fallback: 'any' },
  query: {
    shape: requestValueMap('parameters'),
    says: 'Parameters of the address with these values.',
    fallback: 'any',
  },
};

export const requestMatch = map('requests', requestMatchKeys, {
  atLeastOne: [['header', 'cookie', 'query']],
});
