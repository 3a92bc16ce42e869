// docs/tutorial.md as a stranger follows it: its commands, in one shell, against a Sluice of its own. Only what is this
// machine's is put in place of what the page names: ports, the home folder, the base image.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Docker from 'dockerode';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RunSummary, RunView } from '@sluice/pipelines/protocol/api';
import { freePort } from '@sluice/server/embedded/free-port';
import { ensureBaseImage } from '../../cli/src/up/base-image.ts';
import { eventually, startSluice, type SluiceRig } from '../rig/sluice.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const page = readFileSync(join(root, 'docs/tutorial.md'), 'utf8');
const home = mkdtempSync(join(tmpdir(), 'sluice-tutorial-'));
let sluice: SluiceRig;

beforeAll(async () => {
  sluice = await startSluice({ environment: { SLUICE_FILE_REPOSITORIES: join(home, 'tutorial') } });
}, 240_000);
afterAll(async () => {
  await sluice[Symbol.asyncDispose]();
  rmSync(home, { recursive: true, force: true });
});

test('the tutorial leads from an empty repository to a canary that is promoted and one that is caught', async () => {
  const baseImage = await ensureBaseImage(new Docker(), () => undefined);
  const servicePort = String(await freePort());
  const blocks = [...page.matchAll(/^```sh\n([\s\S]*?)^```/gm)].map(([, block = '']) => block);
  const [start = '', ...rest] = blocks;
  expect(start).toContain('npm start');
  const shell = openShell(root);
  try {
    let pushes = 0;
    for (const block of rest) {
      const commands = block
        .replaceAll('"$PWD/.sluice-data"', `'${sluice.dataDir}'`)
        .replaceAll('http://127.0.0.1:8080', sluice.url)
        .replaceAll('8090', servicePort)
        .replaceAll('node:20-alpine', baseImage);
      await shell.run(commands);
      if (!block.includes('git push')) continue;
      pushes += 1;
      await eventually(`run ${pushes}`, async () => (await runs()).length === pushes || null);
    }
  } finally {
    shell.close();
  }
  expect((await runs()).map(({ number, status }) => [number, status])).toEqual([
    [3, 'failed'],
    [2, 'succeeded'],
    [1, 'succeeded'],
  ]);
  const [caught] = await runs();
  const run = await sluice.api.call<RunView>('GET', `/api/runs/${caught?.id}`);
  const production = run.state?.stages['production'];
  expect(production?.status === 'failed' ? production.failure.message : production).toMatch(
    /rolled back|error/i,
  );
  const answer = await fetch(`http://127.0.0.1:${servicePort}/`);
  expect(await answer.text()).toBe('hello, and welcome\n');
}, 900_000);

const runs = async (): Promise<readonly RunSummary[]> =>
  (await sluice.api.call<{ runs: RunSummary[] }>('GET', '/api/runs')).runs;

interface Shell {
  /** Resolves when the commands have ended well; rejects with what they printed otherwise. */
  readonly run: (commands: string) => Promise<void>;
  readonly close: () => void;
}

/** One shell for all blocks: they build on each other's folder and variables. */
function openShell(cwd: string): Shell {
  const url = new URL(sluice.url);
  const child = spawn('bash', ['--noprofile', '--norc'], {
    cwd,
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, HOME: home, SLUICE_PORT: url.port, NO_COLOR: '1' },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  let count = 0;
  return {
    run: async (commands) => {
      count += 1;
      const mark = `--- block ${count} ended with`;
      const file = join(home, `block-${count}.sh`);
      writeFileSync(file, commands);
      child.stdin.write(`set -e\n. ${file}\nset +e\necho; echo "${mark} 0"\n`);
      await eventually(
        `the end of:\n${commands}`,
        () => (output.includes(`${mark} 0`) || child.exitCode !== null ? true : null),
        400_000,
      );
      if (!output.includes(`${mark} 0`))
        throw new Error(`the tutorial fails at\n${commands}\n${output.slice(-4_000)}`);
    },
    close: () => {
      // Whatever was begun in the background goes with its shell.
      if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL');
    },
  };
}
