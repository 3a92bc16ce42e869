import { expect, test } from 'vitest';
import { secretNamesOf } from '../plan/stage-secrets.ts';
import { parsePipeline } from './parse-pipeline.ts';

const parse = (keys: string) =>
  parsePipeline(
    `on: push\nstages:\n  image: { build: {} }\n  push: { needs: [image], push: { of: image, to: r.example.com/a, ${keys} } }\n`,
    '.sluice.yml',
  );

test('an image is replicated, signed and described where the file asks for it', () => {
  const [, push] =
    parse(
      `replicate: [r.cn.example.com/a, 'r.example.com/\${{ branch }}'], sign: { secret: signing-key }, provenance: true`,
    ).definition?.stages ?? [];
  expect(push?.work).toMatchObject({
    replicate: ['r.cn.example.com/a', 'r.example.com/${{ branch }}'],
    sign: 'signing-key',
    provenance: true,
  });
  expect(push === undefined ? [] : secretNamesOf({}, push.work)).toEqual(['signing-key']);
  const [, plain] = parse('provenance: false').definition?.stages ?? [];
  expect(Object.keys(plain?.work ?? {})).toEqual(['kind', 'of', 'to', 'tags']);
});

test.each([
  ['sign: true', 'must name the secret that holds the private key: { secret: signing-key }'],
  ['sign: { key: x }', 'push.sign.secret is missing'],
  ['replicate: [https://r.example.com/a]', 'is written without https://'],
  ['replicat: [a]', 'Did you mean "replicate"?'],
  ['provenance: slsa', 'must be true or false'],
])('%s is refused with what to do', (keys, message) => {
  expect(parse(keys).diagnostics[0]?.message).toContain(message);
});
