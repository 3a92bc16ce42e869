import { mkdir } from 'node:fs/promises';
import { simpleGit, type SimpleGit } from 'simple-git';
import type { CloneSource } from './clone-url.ts';
import { timeLimit } from '../time-limit.ts';

export interface GitAccess {
  /** Null: local work only. */
  readonly source: CloneSource | null;
  readonly credentials: { readonly username: string; readonly password: string } | null;
  /** Ends the process. */
  readonly signal?: AbortSignal;
}

const silenceLimitMs = 60_000;
const wholeLimitMs = 300_000;

/**
 * Git in `folder`, without prompts, hooks, the machine's own configuration and every protocol but the source's.
 * Credentials go by environment: arguments and addresses can be read by others and end in messages.
 */
export async function openGit(folder: string, access: GitAccess): Promise<SimpleGit> {
  await mkdir(folder, { recursive: true });
  const git = simpleGit({
    baseDir: folder,
    timeout: { block: silenceLimitMs },
    abort: AbortSignal.any([timeLimit(wholeLimitMs), ...(access.signal ? [access.signal] : [])]),
    trimmed: false,
    allowEnvironment: guardedNames(access),
    unsafe: {
      allowUnsafeConfigEnvCount: true,
      allowUnsafeConfigPaths: true,
      allowUnsafeHooksPath: true,
      allowUnsafeSshCommand: true,
    },
  });
  return git.env(gitEnvironment(access));
}

/** What keeps Git to itself: for every Git process of ours. */
export function gitEnvironment(access: GitAccess): Record<string, string> {
  const settings = configuration(access);
  return {
    PATH: process.env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin',
    HOME: process.env['HOME'] ?? '/',
    ...(process.env['SSH_AUTH_SOCK'] === undefined ? {} : { SSH_AUTH_SOCK: process.env['SSH_AUTH_SOCK'] }),
    LC_ALL: 'C',
    GIT_TERMINAL_PROMPT: '0',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_ALLOW_PROTOCOL: access.source?.scheme ?? 'none',
    GIT_SSH_COMMAND: 'ssh -o BatchMode=yes -o ConnectTimeout=15',
    GIT_CONFIG_COUNT: String(settings.length),
    ...Object.fromEntries(
      settings.flatMap(([key, value], index) => [
        [`GIT_CONFIG_KEY_${index}`, key],
        [`GIT_CONFIG_VALUE_${index}`, value],
      ]),
    ),
  };
}

function configuration({ source, credentials }: GitAccess): [string, string][] {
  const settings: [string, string][] = [
    ['core.hooksPath', '/dev/null'],
    ['http.followRedirects', 'false'],
    ['gc.auto', '0'],
    ['maintenance.auto', 'false'],
  ];
  if (source?.pinned) settings.push(['http.curloptResolve', source.pinned]);
  if (credentials !== null && source?.scheme === 'https') {
    const basic = Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64');
    settings.push(['http.extraHeader', `Authorization: Basic ${basic}`]);
  }
  return settings;
}

const guardedNames = (access: GitAccess): string[] =>
  Object.keys(gitEnvironment(access)).filter((name) => name.startsWith('GIT_'));
