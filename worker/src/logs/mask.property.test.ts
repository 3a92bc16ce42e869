// A secret never reaches a log, in whichever way tools print it and wherever its bytes are cut.
import { fc, test } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import { createMask, maskText } from './mask.ts';

const through = (secret: string, chunks: readonly Buffer[]): string => {
  const stream = createMask({ secret }).stream();
  return Buffer.concat([...chunks.map(stream.write), stream.end()]).toString();
};
const inBytes = (text: Buffer): Buffer[] => [...text].map((byte) => Buffer.from([byte]));
const wrap = (text: string, width: number, indent: string): string =>
  text.replaceAll(new RegExp(`.{${width}}`, 'g'), `$&\n${indent}`);
const squeeze = (text: string): string => text.replaceAll(/\s/g, '');

/** Long enough that a form of it cannot stand in other text by chance. */
const secret = fc
  .oneof(
    fc.string({ unit: 'grapheme', minLength: 12, maxLength: 60 }),
    fc.string({ unit: fc.constantFrom('a', 'Z', '7', '/', '+', '"', '\\', '<', 'ö', ' '), minLength: 12 }),
    fc
      .array(fc.stringMatching(/^[A-Za-z0-9+/]{12,30}$/), { minLength: 2, maxLength: 4 })
      .map((lines) => `-----BEGIN KEY-----\n${lines.join('\n')}\n-----END KEY-----\n`),
  )
  .filter((text) => Buffer.from(text).toString() === text && text.trim().length >= 12);
const context = fc.stringMatching(/^[a-z =:]{0,20}$/);

const pythonJson = (text: string): string =>
  JSON.stringify(text).replaceAll(
    /[^\0-\x7f]/g,
    (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
const encoders: Readonly<Record<string, (text: string) => string>> = {
  'plain text': (text) => text,
  'other line ends': (text) => text.replaceAll('\n', '\r\n'),
  JSON: (text) => JSON.stringify(text).slice(1, -1),
  'JSON in ASCII': (text) => pythonJson(text).slice(1, -1),
  'JSON with escaped slashes': (text) => JSON.stringify(text).slice(1, -1).replaceAll('/', '\\/'),
  'a URL': encodeURIComponent,
  'a form': (text) => new URLSearchParams([['', text]]).toString().slice(1),
  base64: (text) => Buffer.from(text).toString('base64'),
  base64url: (text) => Buffer.from(text).toString('base64url'),
};

describe.each(Object.entries(encoders))('as %s', (_name, encode) => {
  test.prop([secret, context, context])(
    'a secret is masked, in one piece and byte by byte',
    (value, before, after) => {
      const text = Buffer.from(`${before}${encode(value)}${after}`);
      const whole = through(value, [text]);
      expect(whole).not.toContain(encode(value));
      expect(whole).toContain(maskText);
      expect(through(value, inBytes(text))).toBe(whole);
    },
  );

  test.prop([secret], { numRuns: 5 })('a secret is masked wherever it is cut in two', (value) => {
    const text = Buffer.from(`a ${encode(value)} z`);
    const whole = through(value, [text]);
    for (let cut = 1; cut < text.length; cut += 1) {
      expect(through(value, [text.subarray(0, cut), text.subarray(cut)])).toBe(whole);
    }
  });
});

test.prop([secret, context, context, fc.integer({ min: 20, max: 76 }), fc.constantFrom('', '  ', '\t')])(
  'inside other text that is encoded in base64, wrapped and indented, a secret is masked',
  (value, before, after, width, indent) => {
    const encoded = Buffer.from(`${before}${value}${after}`).toString('base64');
    const shown = squeeze(through(value, inBytes(Buffer.from(wrap(encoded, width, indent)))));
    const rest = shown.split(maskText).map((part) => Buffer.from(part, 'base64').toString());
    expect(shown).toContain(maskText);
    expect(rest.join('')).not.toContain(value.trim().slice(3, -3));
  },
);

test.prop([secret])('each long line of a secret is masked when tools print it alone', (value) => {
  const lines = value.split('\n').filter((line) => line.trim().length >= 8);
  for (const line of lines) expect(through(value, [Buffer.from(`> ${line} <`)])).not.toContain(line.trim());
});

const words = fc.array(fc.constantFrom('compiling', 'module', '12', 'done', '\n', 'in', 'ms', '===', 'ok'), {
  maxLength: 60,
});

test.prop([words, fc.stringMatching(/^[A-Z0-9]{4,30}$/)])(
  'ordinary text is not masked away',
  (text, value) => {
    const line = text.join(' ');
    expect(through(value, [Buffer.from(line)])).toBe(line);
  },
);

test('a run of white space after what may be a secret is not held back without end', () => {
  const stream = createMask({ secret: 'a secret of some length' }).stream();
  const begin = Buffer.from('a secret of some length').toString('base64').slice(0, 12);
  stream.write(Buffer.from(begin));
  let shown = 0;
  for (let n = 0; n < 100; n += 1) shown += stream.write(Buffer.from(' '.repeat(1_000))).length;
  expect(shown).toBeGreaterThan(99_000);
});
