// Strategies on Docker behind HAProxy, through the whole product: an A/B that a hook has let begin, watched by the
// command line, and a version that takes the place of the one before it.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RolloutView, RunView } from '@sluice/pipelines/protocol/api';
import { freePort } from '@sluice/server/embedded/free-port';
import type { TestRepository } from '../rig/repository.ts';
import { endedRun, eventually, runOf, startSluice, type SluiceRig } from '../rig/sluice.ts';

const run = promisify(execFile);
const bin = fileURLToPath(new URL('../../cli/bin/sluice.js', import.meta.url));
const hello = fileURLToPath(new URL('../../examples/hello/', import.meta.url));
const dockerHost = process.env['DOCKER_HOST'];
const baseImage = process.env['TEST_NODE_IMAGE'] ?? 'lab/node:20';

describe.skipIf(dockerHost === undefined)('strategies (needs DOCKER_HOST)', () => {
  let sluice: SluiceRig;
  let repository: TestRepository;
  let address: string;
  let gate: Server;
  let gateUrl: string;
  const asked: { readonly version: string; readonly type: string }[] = [];

  beforeAll(async () => {
    [gate, gateUrl] = await aGate((question) => asked.push(question));
    sluice = await startSluice({ environment: { SLUICE_HOOK_HOSTS: '127.0.0.1' } });
    repository = await sluice.repository('strategies');
    const listenPort = await freePort();
    address = `http://127.0.0.1:${listenPort}/`;
    const target = { kind: 'docker', service: 'strategies', listenHost: '127.0.0.1', listenPort };
    await sluice.api.call('PUT', '/api/environments/production', target);
    const first = await endedRun(sluice.api, await push('strategy: rolling'));
    expect(first.status).toBe('succeeded');
  });
  afterAll(async () => {
    await sluice?.[Symbol.asyncDispose]();
    gate?.close();
  });

  test('A/B: whoever has the cookie gets the new version, until it is promoted to all', async () => {
    const commit = await push(
      'strategy: ab',
      'match: { cookie: { group: b } }',
      'for: 10s',
      `hooks: [{ name: gate, type: pre-rollout, url: '${gateUrl}' }]`,
    );
    const { id, number } = await runOf(sluice.api, commit);
    const [old, fresh] = ['r1-', `r${number}-${commit.slice(0, 7)}`];
    await eventually('the analysis of the A/B', async () =>
      (await rolloutOf(id))?.rollout.phase.name === 'analysing' ? true : null,
    );
    expect(asked).toEqual([{ version: fresh, type: 'pre-rollout' }]);
    expect(await ask('theme=dark; group=b')).toContain(fresh);
    expect(await ask('group=bb')).toContain(old);
    expect(await ask('')).toContain(old);
    const { stdout } = await run(process.execPath, [bin, 'show', `${number}`], {
      env: { ...process.env, SLUICE_URL: sluice.url, SLUICE_TOKEN: sluice.api.token, NO_COLOR: '1' },
    });
    expect(stdout).toMatch(new RegExp(`^A/B of ${fresh} to production: analysing$`, 'm'));
    expect(stdout).toContain('✓ requests with the cookie group=b');

    const isOver = async (): Promise<true | null> => {
      await Promise.all(Array.from({ length: 60 }, (_, index) => ask(index % 2 === 0 ? 'group=b' : '')));
      return (await sluice.api.call<RunView>('GET', `/api/runs/${id}`)).finishedAt === null ? null : true;
    };
    await eventually('the end of the A/B under load', isOver, 240_000);
    expect((await endedRun(sluice.api, commit)).status).toBe('succeeded');
    const view = await rolloutOf(id);
    const judged = view?.decisions.find(({ kind }) => kind === 'continue')?.verdict?.metrics[0];
    expect(judged).toMatchObject({ kind: 'pass', intendedSharePercent: null });
    expect(await ask('')).toContain(fresh);
  });

  test('recreate: the new version serves when the old one has ended', async () => {
    const commit = await push('strategy: recreate');
    const ended = await endedRun(sluice.api, commit);
    expect(ended.status).toBe('succeeded');
    expect(await ask('')).toContain(commit.slice(0, 7));
  });

  const ask = async (cookie: string): Promise<string> =>
    (await fetch(address, { headers: cookie === '' ? {} : { cookie } })).text();

  async function rolloutOf(runId: string): Promise<RolloutView | null> {
    const view = await sluice.api.call<RunView>('GET', `/api/runs/${runId}`);
    const rollout = view.rollouts.at(-1);
    return rollout === undefined ? null : sluice.api.call<RolloutView>('GET', `/api/rollouts/${rollout.id}`);
  }

  function push(...keys: readonly string[]): Promise<string> {
    return repository.push(application(keys), keys.join(', '));
  }
});

function application(keys: readonly string[]): Readonly<Record<string, string>> {
  const names = ['server.mjs', 'metrics.mjs', 'greeting.mjs', 'Dockerfile', '.dockerignore'];
  const files = Object.fromEntries(names.map((name) => [name, readFileSync(`${hello}${name}`, 'utf8')]));
  return {
    ...files,
    'error-rate.txt': '0\n',
    'NOTES.md': `${keys.join('\n')}\n`,
    '.sluice.yml': pipelineOf(keys),
  };
}

const pipelineOf = (keys: readonly string[]): string => `
name: strategies
on: { push: {} }
stages:
  image:
    build: { file: Dockerfile, args: { BASE: '${baseImage}' } }
  production:
    needs: [image]
    deploy:
      environment: production
      image: image
      container: { port: 8080, replicas: 1, health: /healthz }
      interval: 1s
      drain: 1s
${keys.map((key) => `      ${key}\n`).join('')}`;

/** A service that agrees with everything, and remembers what it was asked. */
function aGate(
  heard: (question: { readonly version: string; readonly type: string }) => void,
): Promise<[Server, string]> {
  return new Promise((resolve) => {
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const { version, type } = JSON.parse(String(Buffer.concat(chunks))) as Record<string, string>;
        heard({ version: version ?? '', type: type ?? '' });
        response.end('go on');
      });
    }).listen(0, '127.0.0.1', () => {
      const bound = server.address();
      const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
      resolve([server, `http://127.0.0.1:${port}/gate`]);
    });
  });
}
