import fc from 'fast-check';
import { expect, test } from 'vitest';
import { limitOutput } from './limit-output.ts';

const collect = (limit: number, chunks: readonly string[]): { text: string; exceeded: boolean } => {
  let text = '';
  const output = {
    write: (_: string, chunk: Uint8Array) => void (text += Buffer.from(chunk)),
    drained: async () => {},
  };
  const limited = limitOutput(output, limit);
  for (const chunk of chunks) limited.write('stdout', Buffer.from(chunk));
  return { text, exceeded: limited.exceeded.aborted };
};

test('exactly the limit passes, one byte more does not and says so', () => {
  expect(collect(4, ['ab', 'cd'])).toEqual({ text: 'abcd', exceeded: false });
  expect(collect(4, ['ab', 'cde', 'f'])).toEqual({ text: 'abcd', exceeded: true });
});

test('what passes is the beginning of what was written, wherever chunks end', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'grapheme-ascii' })), fc.nat(50), (chunks, limit) => {
      const all = chunks.join('');
      expect(collect(limit, chunks)).toEqual({ text: all.slice(0, limit), exceeded: all.length > limit });
    }),
  );
});

test('a source is not held back any more once its step is being ended', async () => {
  const limited = limitOutput({ write: () => {}, drained: () => new Promise(() => {}) }, 1);
  limited.write('stdout', Buffer.from('ab'));
  await limited.drained();
});
