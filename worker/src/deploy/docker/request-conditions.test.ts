import { expect, test } from 'vitest';
import { requestConditions } from './request-conditions.ts';

test('each kind of match is a condition, and all have to be true', () => {
  expect(
    requestConditions([
      { kind: 'header', name: 'X-Canary', value: 'always' },
      { kind: 'cookie', name: 'group', value: 'b' },
      { kind: 'query', name: 'group', value: 'b' },
    ]),
  ).toBe(
    "{ req.fhdr(X-Canary) -m str -- 'always' } { req.cook(group) -m str -- 'b' } { url_param(group),url_dec -m str -- 'b' }",
  );
});

test('a value cannot leave its quotes', () => {
  const value = '\' } { always_true } # $HOME \\ "';
  expect(requestConditions([{ kind: 'header', name: 'x', value }])).toBe(
    `{ req.fhdr(x) -m str -- ''\\'' } { always_true } # $HOME \\ "' }`,
  );
});

test.each(['', 'a b', 'a)', 'a,b', "a'", 'a\nb', 'ä', '-x', 'a'.repeat(101)])(
  'a name that is no plain token is refused: %j',
  (name) => {
    expect(() => requestConditions([{ kind: 'query', name, value: 'b' }])).toThrow('cannot be told apart');
  },
);

test.each(['', 'a\nb', 'a\rb', 'a\0b', 'ä', 'a'.repeat(501)])(
  'a value that a header cannot hold is refused: %j',
  (value) => {
    expect(() => requestConditions([{ kind: 'header', name: 'x', value }])).toThrow('cannot be told apart');
  },
);
