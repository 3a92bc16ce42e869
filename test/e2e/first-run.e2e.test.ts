// `npm start`, as a newcomer sees it: both demo lines without a hand laid on it, a stop that leaves nothing, and a
// second start that finds everything again.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Docker from 'dockerode';
import { afterAll, expect, test } from 'vitest';
import type { EnvironmentView, RunSummary, SessionView } from '@sluice/pipelines/protocol/api';
import { eventually, startSluice } from '../rig/sluice.ts';

const dataDir = mkdtempSync(join(tmpdir(), 'sluice-first-'));
const docker = new Docker();

afterAll(() => rmSync(dataDir, { recursive: true, force: true, maxRetries: 5 }));

test('the first start promotes a canary and rolls a bad one back, a stop leaves nothing, a second start finds all', async () => {
  const first = await startSluice({ demo: true, dataDir });
  const { installation } = await first.api.call<SessionView>('GET', '/api/session');
  try {
    await eventually(
      'both demo lines',
      () => (/demo: rolled back|demo: the/.test(first.output()) ? true : null),
      600_000,
    );
    expect(first.output()).toMatch(/demo: promoted r2-[0-9a-f]{7} in [\d.]+ s/);
    expect(first.output()).toMatch(/demo: rolled back r3-[0-9a-f]{7} in [\d.]+ s/);
    console.log(
      first
        .output()
        .split('\n')
        .filter((line) => line.includes('demo:'))
        .join('\n'),
    );
    const { environments } = await first.api.call<{ environments: EnvironmentView[] }>(
      'GET',
      '/api/environments',
    );
    expect(environments[0]?.current?.version).toMatch(/^r2-/);
  } finally {
    expect(await first.stop()).toBe(0);
  }
  expect(await containersOf(installation)).toEqual([]);

  const second = await startSluice({ demo: true, dataDir });
  try {
    await eventually('the service', async () => {
      const address = /hello answers at (\S+)/.exec(second.output())?.[1];
      if (address === undefined) return null;
      const answer = await fetch(address);
      return answer.ok ? answer.text() : null;
    });
    const { runs } = await second.api.call<{ runs: RunSummary[] }>('GET', '/api/runs');
    expect(runs.map((run) => run.number)).toEqual(expect.arrayContaining([1, 2, 3]));
  } finally {
    expect(await second.stop()).toBe(0);
  }
  expect(await containersOf(installation)).toEqual([]);
}, 900_000);

async function containersOf(installation: string): Promise<readonly string[]> {
  const left = await docker.listContainers({ all: true, filters: { label: [`sluice=${installation}`] } });
  return left.map((container) => container.Names.join(' '));
}
