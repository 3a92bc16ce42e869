import { fc, test } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import { createMask, maskText } from './mask.ts';

const through = (secrets: Record<string, string>, chunks: readonly Buffer[]): string => {
  const stream = createMask(secrets).stream();
  return Buffer.concat([...chunks.map(stream.write), stream.end()]).toString();
};
const masked = (secret: string, text: string): string => through({ secret }, [Buffer.from(text)]);
const inBytes = (text: Buffer): Buffer[] => [...text].map((byte) => Buffer.from([byte]));

describe('a secret in the output', () => {
  test('is masked wherever it stands', () => {
    expect(masked('hunter2x', 'a hunter2x b hunter2x')).toBe('a *** b ***');
  });

  test('is masked when it is cut at any place', () => {
    const text = Buffer.from('before hunter2x after hunter2 end');
    for (let cut = 0; cut <= text.length; cut += 1) {
      expect(through({ secret: 'hunter2x' }, [text.subarray(0, cut), text.subarray(cut)])).toBe(
        'before *** after hunter2 end',
      );
    }
  });

  test('is masked when it is followed by a combining mark or begins like itself', () => {
    expect(masked('aabaaac', 'aabaaabaaac\u0301')).toBe(`aaba${maskText}\u0301`);
  });

  test.each([
    ['base64 alone', (secret: string) => Buffer.from(secret).toString('base64')],
    ['base64 after one byte', (secret: string) => Buffer.from(`x${secret}`).toString('base64').slice(2)],
    ['base64 after two bytes', (secret: string) => Buffer.from(`xy${secret}`).toString('base64').slice(3)],
    ['base64url', (secret: string) => Buffer.from(secret).toString('base64url')],
    ['URL encoding', encodeURIComponent],
    ['form encoding', (secret: string) => new URLSearchParams({ a: secret }).toString().slice(2)],
    ['JSON', (secret: string) => JSON.stringify(secret).slice(1, -1)],
  ])('is masked as %s', (_form, encode) => {
    const secret = 'p@ss "wörd"\\/?>~ 123';
    const tail = masked(secret, `<${encode(secret)}>`).replace(maskText, '');
    expect(masked(secret, `<${encode(secret)}>`)).toContain(maskText);
    expect(tail.length).toBeLessThanOrEqual(6);
  });

  test('of several lines is masked as a whole, with other line ends, and line by line', () => {
    const secret = '-----BEGIN KEY-----\nMIIEvQIBADANBg\n-----END KEY-----\n';
    expect(masked(secret, secret)).toBe(maskText);
    expect(masked(secret, 'x MIIEvQIBADANBg y')).toBe('x *** y');
    expect(masked(secret, secret.replaceAll('\n', '\r\n'))).not.toContain('MIIE');
  });

  test('in base64 that was wrapped at 76 characters is masked in every line', () => {
    const secret = 'long secret '.repeat(20);
    const wrapped = Buffer.from(secret)
      .toString('base64')
      .replaceAll(/(.{76})/g, '$1\n');
    expect(masked(secret, wrapped).replaceAll(maskText, '').trim()).toBe('');
  });
});

test('overlapping secrets are masked together', () => {
  expect(through({ a: 'abcdef', b: 'defghi' }, [Buffer.from('xabcdefghix')])).toBe('x***x');
});

test('a secret of under four characters is named instead of masked', () => {
  const mask = createMask({ pin: '123', token: 'abcdefgh', none: '' });
  expect(mask.unmasked).toEqual(['pin']);
  expect(mask.redact('123 abcdefgh')).toBe('123 ***');
});

test('only what may be the beginning of a secret is held back', () => {
  const stream = createMask({ secret: 'hunter2x' }).stream();
  expect(stream.write(Buffer.from('progress 10% hun')).toString()).toBe('progress 10% ');
  expect(stream.write(Buffer.from('dred')).toString()).toBe('hundred');
});

const letters = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 4, maxLength: 6 });

test.prop([
  fc.array(letters, { minLength: 1, maxLength: 4 }),
  fc.string({ unit: fc.constantFrom('a', 'b', 'c', '\n') }),
])('the output is the same byte by byte as in one piece, and holds no secret', (secrets, text) => {
  const named = Object.fromEntries(secrets.map((secret, at) => [String(at), secret]));
  const whole = through(named, [Buffer.from(text)]);
  expect(through(named, inBytes(Buffer.from(text)))).toBe(whole);
  for (const secret of secrets) expect(whole).not.toContain(secret);
});

test.prop([fc.uint8Array({ maxLength: 300 }), fc.array(fc.nat(300), { maxLength: 5 })])(
  'bytes that hold no secret pass unchanged however they are cut',
  (bytes, cuts) => {
    const text = Buffer.from(bytes);
    const borders = [0, ...cuts.map((cut) => Math.min(cut, text.length)).sort((a, b) => a - b), text.length];
    const stream = createMask({ secret: 'this is not in there' }).stream();
    const parts = borders.slice(1).map((end, at) => stream.write(text.subarray(borders[at], end)));
    expect(Buffer.concat([...parts, stream.end()]).equals(text)).toBe(true);
  },
);
