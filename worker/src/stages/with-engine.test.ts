import Docker from 'dockerode';
import type { ScanWork } from '@sluice/pipelines/language/definition';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openTestRun, type TestRun } from '../build/stage-context.fixture.ts';
import { withEngine } from './with-engine.ts';

const work: ScanWork = { kind: 'scan', of: 'image', failOn: 'high', noData: 'allow', allow: [] };
const succeeded = { result: 'succeeded', outputs: {} } as const;
const brokenOff = Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });

class PingedEngine extends Docker {
  readonly failures: Error[] = [];
  override ping(): Promise<Buffer> {
    const failure = this.failures.shift();
    return failure === undefined ? Promise.resolve(Buffer.from('OK')) : Promise.reject(failure);
  }
}

describe('a stage that a Docker engine carries out', () => {
  const engine = new PingedEngine();
  let run: TestRun;
  beforeEach(async () => {
    run = await openTestRun(engine);
  });
  afterEach(() => {
    engine.failures.length = 0;
  });

  test('waits for an engine that is being started, and says so', async () => {
    engine.failures.push(brokenOff, brokenOff);
    const stage = run.stage('scan', work);
    expect(await withEngine(async () => succeeded)(stage)).toBe(succeeded);
    expect(run.logText()).toContain('waiting for the Docker engine');
  });

  test('begins again when the engine goes away under it', async () => {
    const tries: number[] = [];
    const outcome = await withEngine(async () => {
      tries.push(tries.length);
      if (tries.length < 3) throw brokenOff;
      return succeeded;
    })(run.stage('scan', work));
    expect(outcome).toBe(succeeded);
    expect(tries).toHaveLength(3);
    expect(run.logText()).toContain('the scan begins again when it is back');
  });

  test('fails with an engine that goes away again and again', async () => {
    const outcome = withEngine(() => Promise.reject(brokenOff))(run.stage('scan', work));
    await expect(outcome).rejects.toBe(brokenOff);
  });

  test('is not begun again when it was cancelled', async () => {
    const cancel = new AbortController();
    const outcome = withEngine(() => {
      cancel.abort();
      return Promise.reject(brokenOff);
    })(run.stage('scan', work, { signal: cancel.signal }));
    await expect(outcome).rejects.toBe(brokenOff);
    expect(run.logText()).not.toContain('begins again');
  });

  test('says what to do where there is no engine at all', async () => {
    engine.failures.push(Object.assign(new Error('getaddrinfo ENOTFOUND docker'), { code: 'ENOTFOUND' }));
    const outcome = await withEngine(async () => succeeded)(run.stage('scan', work));
    expect(outcome).toMatchObject({ failure: { class: 'infrastructure' } });
    expect(run.logText()).toContain('Set its DOCKER_HOST');
  });
});
