import { expect, test } from 'vitest';
import { runBounded } from './run-bounded.ts';

const run = (
  script: string,
  limits: { longestMs?: number; largest?: number } = {},
  signal = new AbortController().signal,
) =>
  runBounded(
    {
      command: ['/bin/sh', '-c', script],
      env: {},
      folder: '/',
      longestMs: 60_000,
      largest: 1_000,
      ...limits,
    },
    signal,
  );

test('gives what a program writes, or what it complains of', async () => {
  expect(await run('echo good; echo bad >&2')).toEqual({ kind: 'succeeded', output: 'good\n' });
  expect(await run('echo good; echo bad >&2; exit 3')).toEqual({ kind: 'failed', said: 'bad\n' });
});

test('ends one that takes too long or says too much, and what it has started', async () => {
  expect(await run('sleep 1000 & sleep 1000', { longestMs: 50 })).toEqual({ kind: 'too-long' });
  expect(await run('while :; do echo much; done')).toEqual({ kind: 'too-large' });
});

test('ends with its signal, and rejects where there is no such program', async () => {
  const stop = new AbortController();
  const running = run('sleep 1000', {}, stop.signal);
  stop.abort(new Error('enough'));
  await expect(running).rejects.toThrow('enough');
  const missing = { command: ['/nonexistent'], env: {}, folder: '/', longestMs: 1_000, largest: 1 };
  await expect(runBounded(missing, new AbortController().signal)).rejects.toThrow('ENOENT');
});
