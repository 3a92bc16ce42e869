import { generateKeyPairSync } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ScanWork } from '@sluice/pipelines/language/definition';
import { runBuildStage } from '../build/build-stage.ts';
import { openTestRun, type TestRun } from '../build/stage-context.fixture.ts';
import { connectDocker } from '../executors/docker/docker-connection.ts';
import { findTrivy } from './find-trivy.ts';
import { runScanStage } from './scan-stage.ts';

const host = process.env['DOCKER_HOST'] ?? '';
const trivy = await findTrivy(process.env);

describe.skipIf(host === '' || !trivy.ok)('the scan stage (needs DOCKER_HOST and Trivy)', () => {
  const docker = connectDocker(host || 'unix:///var/run/docker.sock');
  let run: TestRun;
  beforeEach(async () => {
    run = await openTestRun(docker);
  });
  afterEach(async () => {
    await run[Symbol.asyncDispose]();
    expect(await run.images()).toEqual([]);
  });

  async function scan(files: Readonly<Record<string, string>>, more: Partial<ScanWork> = {}) {
    await run.writeFiles(files);
    const built = await runBuildStage(
      run.stage('image', { kind: 'build', file: 'Dockerfile', context: '.', target: null, args: {} }),
    );
    const outputs = { image: built.result === 'succeeded' ? built.outputs : {} };
    const work: ScanWork = { kind: 'scan', of: 'image', failOn: 'high', noData: 'allow', allow: [], ...more };
    return runScanStage(run.stage('scan', work, { outputs }));
  }

  const clean = { Dockerfile: 'FROM lab/busybox:1\nCOPY hello /hello\nUSER 1000\n', hello: 'world' };
  const leaky = () => ({
    Dockerfile: 'FROM lab/busybox:1\nCOPY id_rsa /root/.ssh/id_rsa\n',
    id_rsa: generateKeyPairSync('rsa', { modulusLength: 2048 })
      .privateKey.export({ type: 'pkcs1', format: 'pem' })
      .toString(),
  });

  test('a private key in the image is found and fails the stage, and the key itself is in no log or report', async () => {
    const files = leaky();
    const outcome = await scan(files);
    expect(outcome).toMatchObject({
      result: 'failed',
      failure: { class: 'failed', message: expect.stringContaining('1 finding at or above high') },
    });
    expect(run.logText()).toMatch(/^HIGH +private-key +\/root\/\.ssh\/id_rsa:1 +Asymmetric Private Key$/m);
    const middle = files.id_rsa.split('\n')[5] ?? '';
    expect(run.logText()).not.toContain(middle);
    expect(Buffer.from(run.blobs.get('trivy-report.json') ?? []).toString()).not.toContain(middle);
  });

  test('a clean image passes, its report and its software bill of materials are kept', async () => {
    expect(await scan(clean)).toEqual({
      result: 'succeeded',
      outputs: expect.objectContaining({
        critical: '0',
        high: '0',
        verdict: 'passed',
        vulnerability_data: 'missing',
      }),
    });
    const sbom: unknown = JSON.parse(Buffer.from(run.blobs.get('sbom.cdx.json') ?? []).toString());
    expect(sbom).toMatchObject({ bomFormat: 'CycloneDX' });
    expect(run.blobs.has('trivy-report.json')).toBe(true);
  });

  test('a stage that does without keeps no list of what is in the image', async () => {
    expect(await scan(clean, { sbom: false })).toMatchObject({ result: 'succeeded' });
    expect([...run.blobs.keys()]).toEqual(['trivy-report.json']);
  });

  test('without vulnerability data the stage fails unless the pipeline allows it', async () => {
    expect(await scan(clean, { noData: 'fail' })).toMatchObject({
      result: 'failed',
      failure: { class: 'failed', message: expect.stringContaining('there is no vulnerability data') },
    });
    expect(run.logText()).toContain('trivy image --download-db-only');
  });

  test('a finding that is allowed until a later day passes', async () => {
    const allow = [{ id: 'private-key', until: '9999-12-31', reason: 'a key made for tests' }];
    expect(await scan(leaky(), { allow })).toMatchObject({ result: 'succeeded', outputs: { high: '1' } });
    expect(run.logText()).toContain('1 finding accepted by the allow-list');
  });

  test('a cancelled scan leaves nothing', async () => {
    const controller = new AbortController();
    await run.writeFiles(clean);
    const built = await runBuildStage(
      run.stage('image', { kind: 'build', file: 'Dockerfile', context: '.', target: null, args: {} }),
    );
    const context = run.stage(
      'scan',
      { kind: 'scan', of: 'image', failOn: 'high', noData: 'allow', allow: [] },
      { outputs: { image: built.result === 'succeeded' ? built.outputs : {} }, signal: controller.signal },
    );
    const say = (): void => controller.abort({ kind: 'timeout', afterMs: 60_000 });
    const outcome = await runScanStage({ ...context, log: { ...context.log, say } });
    expect(outcome).toMatchObject({ result: 'failed', failure: { class: 'timeout' } });
    expect(run.blobs.size).toBe(0);
  });
});
