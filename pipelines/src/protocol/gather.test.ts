import { expect, test } from 'vitest';
import { gather } from './gather.ts';

/** A sender whose batches end when the test says so. */
function aSender() {
  const batches: { entries: readonly string[]; answer: () => void; fail: (error: Error) => void }[] = [];
  const send = (entries: readonly string[]): Promise<readonly string[]> =>
    new Promise((resolve, reject) =>
      batches.push({ entries, answer: () => resolve(entries.map((entry) => `${entry}!`)), fail: reject }),
    );
  return { send, batches, sent: () => batches.map(({ entries }) => entries.join('')) };
}

const turn = async (): Promise<void> => {
  for (let turns = 0; turns < 3; turns += 1) await new Promise((resolve) => setImmediate(resolve));
};

test('a lone call goes at once, and what comes meanwhile shares the next batch', async () => {
  const { send, batches, sent } = aSender();
  const call = gather(send, { most: 10, atOnce: 1, soon: setImmediate });
  const first = call('a');
  await turn();
  const others = [call('b'), call('c')];
  await turn();
  expect(sent()).toEqual(['a']);
  batches[0]?.answer();
  expect(await first).toBe('a!');
  await turn();
  expect(sent()).toEqual(['a', 'bc']);
  batches[1]?.answer();
  expect(await Promise.all(others)).toEqual(['b!', 'c!']);
});

test('calls of one turn go together, up to the size of a batch', async () => {
  const { send, sent } = aSender();
  const call = gather(send, { most: 2, atOnce: 2, soon: setImmediate });
  for (const entry of 'abcde') void call(entry);
  await turn();
  expect(sent()).toEqual(['ab', 'cd']);
});

test('a batch that fails rejects its own calls and no other', async () => {
  const { send, batches } = aSender();
  const call = gather(send, { most: 1, atOnce: 1, soon: setImmediate });
  const ends = Promise.allSettled([call('a'), call('b')]);
  await turn();
  batches[0]?.fail(new Error('away'));
  await turn();
  batches[1]?.answer();
  expect(await ends).toMatchObject([
    { status: 'rejected', reason: { message: 'away' } },
    { status: 'fulfilled', value: 'b!' },
  ]);
});

test('a sender that answers too few is a failure, not a silence', async () => {
  const call = gather(() => Promise.resolve<readonly string[]>([]), {
    most: 1,
    atOnce: 1,
    soon: setImmediate,
  });
  await expect(call('a')).rejects.toThrow('1 entries were sent together and 0 answers came');
});
