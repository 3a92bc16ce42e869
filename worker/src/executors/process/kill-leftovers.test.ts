import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { killLeftoverProcesses } from './kill-leftovers.ts';

test('a process of a killed worker is ended, one of another folder is not', async () => {
  const start = (home: string) =>
    spawn('sleep', ['600'], { env: { ...process.env, HOME: home }, stdio: 'ignore' });
  const folder = `/tmp/sluice-leftovers-${process.pid}`;
  const [ours, other] = [start(`${folder}/attempt/scratch/home`), start(`${folder}-2/attempt`)];
  await Promise.all([once(ours, 'spawn'), once(other, 'spawn')]);
  const ended = once(ours, 'exit');
  expect(await killLeftoverProcesses(folder)).toBe(1);
  expect(await ended).toEqual([null, 'SIGKILL']);
  expect(other.exitCode).toBeNull();
  other.kill();
});
