// The demo's Git repository: a bare one in the data folder, whose post-receive hook tells the server of every
// push, exactly as a forge would. Clone it, change it, push: a run starts.
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface DemoRepository {
  readonly fullName: 'demo/hello';
  readonly bare: string;
  /** Commits these files over what is there and pushes to main; gives the commit's name. */
  readonly push: (files: Readonly<Record<string, string>>, message: string) => string;
}

const sluice = fileURLToPath(new URL('../../bin/sluice.js', import.meta.url));
const template = fileURLToPath(new URL('../../../examples/hello', import.meta.url));

export interface HookTarget {
  readonly url: string;
  readonly secretFile: string;
}

export function openDemoRepository(folder: string, hook: HookTarget): DemoRepository {
  const bare = join(folder, 'hello.git');
  if (!existsSync(bare)) {
    mkdirSync(folder, { recursive: true });
    git(folder, 'init', '--quiet', '--bare', '--initial-branch=main', bare);
  }
  writeHook(bare, hook);
  return { fullName: 'demo/hello', bare, push: (files, message) => push(bare, files, message) };
}

/** Written at every start: the server's address may have changed. */
function writeHook(bare: string, hook: HookTarget): void {
  const file = join(bare, 'hooks', 'post-receive');
  const words = [
    process.execPath,
    sluice,
    'notify',
    '--url',
    hook.url,
    '--repository',
    'demo/hello',
    '--secret-file',
    hook.secretFile,
  ];
  writeFileSync(file, `#!/bin/sh\nexec ${words.map(quote).join(' ')}\n`);
  chmodSync(file, 0o755);
}

function push(bare: string, files: Readonly<Record<string, string>>, message: string): string {
  const clone = mkdtempSync(join(tmpdir(), 'sluice-demo-'));
  try {
    git(clone, 'clone', '--quiet', bare, '.');
    if (!existsSync(join(clone, 'Dockerfile'))) cpSync(template, clone, { recursive: true });
    for (const [name, text] of Object.entries(files)) writeFileSync(join(clone, name), text);
    git(clone, 'add', '--all');
    git(clone, 'commit', '--quiet', '--allow-empty', '--message', message);
    git(clone, 'push', '--quiet', 'origin', 'HEAD:refs/heads/main');
    return git(clone, 'rev-parse', 'HEAD').trim();
  } finally {
    rmSync(clone, { recursive: true, force: true });
  }
}

function git(cwd: string, ...args: string[]): string {
  return execFileSync('git', args, {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      HOME: cwd,
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_AUTHOR_NAME: 'demo',
      GIT_AUTHOR_EMAIL: 'demo@sluice.invalid',
      GIT_COMMITTER_NAME: 'demo',
      GIT_COMMITTER_EMAIL: 'demo@sluice.invalid',
    },
  });
}

const quote = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;
