import { expect, test } from 'vitest';
import { buildFailure } from './build-failure.ts';

test('commands that the engine cannot run are said with the platform, and with what to install', () => {
  const step = {
    name: '[2/2] RUN ls',
    error: 'exit code: 255',
    lastLines: ['exec /bin/sh: exec format error'],
  };
  const work = { file: 'Dockerfile', target: null, platform: 'linux/arm64' };
  expect(buildFailure({ error: 'failed to solve', step }, work)).toMatchObject({
    failure: {
      class: 'failed',
      message:
        'Dockerfile: the engine of this worker cannot run commands of linux/arm64. Install an emulation on its host (binfmt_misc with QEMU), or give the stage a pool of workers of that platform.',
    },
  });
});
