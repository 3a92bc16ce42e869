import { expect, test } from 'vitest';
import { createSealer, SealBrokenError } from './sealer.ts';

const key = new Uint8Array(32).fill(7);

test('what was sealed is opened again, whatever its letters', () => {
  const sealer = createSealer(key);
  for (const plain of ['', 'hunter2', 'mit Ümlaut 密码 🔑', 'x'.repeat(100_000)]) {
    expect(sealer.open(sealer.seal(plain, 'a/b'), 'a/b')).toBe(plain);
  }
});

test('sealing the same text twice shows nothing in common', () => {
  const sealer = createSealer(key);
  expect(sealer.seal('same', 'a/b')).not.toBe(sealer.seal('same', 'a/b'));
});

test('sealed text cannot be moved to another name', () => {
  const sealer = createSealer(key);
  expect(() => sealer.open(sealer.seal('value', 'project-a/token'), 'project-b/token')).toThrow(
    SealBrokenError,
  );
});

test('text sealed with another key, changed or cut short is refused', () => {
  const sealer = createSealer(key);
  const sealed = sealer.seal('value', 'a/b');
  const other = createSealer(new Uint8Array(32).fill(8));
  expect(() => other.open(sealed, 'a/b')).toThrow(SealBrokenError);
  expect(() => sealer.open(`${sealed.slice(0, -2)}AA`, 'a/b')).toThrow(SealBrokenError);
  expect(() => sealer.open(sealed.slice(0, 12), 'a/b')).toThrow(SealBrokenError);
  expect(() => sealer.open('plain text', 'a/b')).toThrow(SealBrokenError);
});

test('a key of the wrong length is refused', () => {
  expect(() => createSealer(new Uint8Array(31))).toThrow('32');
});
