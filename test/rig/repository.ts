// A bare Git repository on this machine whose pushes are told to the server by `sluice notify`, as its hook would.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setImmediate as nextLoop } from 'node:timers/promises';
import { notify } from '../../cli/src/commands/notify.ts';
import type { ApiClient } from '../../cli/src/api-client.ts';

export interface TestRepository {
  readonly fullName: string;
  readonly bare: string;
  readonly hookSecret: string;
  /** Commits these files over what is there, pushes, and notifies the server; gives the commit's name. */
  readonly push: (files: TestFiles, message?: string, branch?: string) => Promise<string>;
  /** Tells the server of a commit on a branch, as a signed delivery. */
  readonly announce: (sha: string, branch?: string) => Promise<void>;
  /** A commit without a word to the server. */
  readonly commit: (files: TestFiles, message?: string, branch?: string) => string;
}

/** Path → text, or the commit of a submodule. */
export type TestFiles = Readonly<Record<string, string | { readonly submodule: string }>>;

export async function aRepository(parts: {
  readonly api: ApiClient;
  readonly folder: string;
  readonly name: string;
  readonly trusted: boolean;
  readonly project?: string;
}): Promise<TestRepository> {
  const fullName = `acme/${parts.name}`;
  const bare = join(parts.folder, `${parts.name}.git`);
  const hookSecret = `hook-secret-of-${parts.name}-0123456789`;
  const secretFile = join(parts.folder, `${parts.name}.secret`);
  mkdirSync(parts.folder, { recursive: true });
  writeFileSync(secretFile, hookSecret, { mode: 0o600 });
  git(parts.folder, 'init', '--quiet', '--bare', '--initial-branch=main', bare);
  const { api, trusted, project } = parts;
  await api.call('PUT', '/api/repositories', {
    fullName,
    provider: 'generic',
    cloneUrl: `file://${bare}`,
    hookSecret,
    trusted,
    ...(project === undefined ? {} : { project }),
  });

  const commit: TestRepository['commit'] = (files, message = 'a change', branch = 'main') => {
    const clone = mkdtempSync(join(tmpdir(), 'sluice-clone-'));
    try {
      git(clone, 'clone', '--quiet', bare, '.');
      git(clone, 'checkout', '--quiet', '-B', branch);
      for (const [name, text] of Object.entries(files)) {
        if (typeof text !== 'string') continue;
        mkdirSync(join(clone, dirname(name)), { recursive: true });
        writeFileSync(join(clone, name), text);
      }
      git(clone, 'add', '--all');
      for (const [name, text] of Object.entries(files)) {
        if (typeof text === 'string') continue;
        git(clone, 'update-index', '--add', '--cacheinfo', `160000,${text.submodule},${name}`);
      }
      git(clone, 'commit', '--quiet', '--allow-empty', '--message', message);
      git(clone, 'push', '--quiet', '--force', 'origin', `HEAD:refs/heads/${branch}`);
      return git(clone, 'rev-parse', 'HEAD').trim();
    } finally {
      rmSync(clone, { recursive: true, force: true });
    }
  };
  const announce: TestRepository['announce'] = (sha, branch = 'main') => {
    const line = `${'0'.repeat(40)} ${sha} refs/heads/${branch}\n`;
    return notify({ url: api.url, repository: fullName, secretFile }, line, bare);
  };
  return {
    fullName,
    bare,
    hookSecret,
    commit,
    announce,
    push: async (files, message, branch) => {
      const sha = commit(files, message, branch);
      // Git held this process up; only now it hears of kept connections that the server has closed meanwhile.
      await nextLoop();
      await announce(sha, branch);
      return sha;
    },
  };
}

function git(cwd: string, ...args: string[]): string {
  const person = { GIT_AUTHOR_NAME: 'ada', GIT_AUTHOR_EMAIL: 'ada@example.com' };
  const committer = { GIT_COMMITTER_NAME: 'ada', GIT_COMMITTER_EMAIL: 'ada@example.com' };
  return execFileSync('git', args, {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], HOME: cwd, ...person, ...committer },
  });
}
