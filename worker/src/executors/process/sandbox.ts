// Isolation of steps on the worker's own host by bubblewrap: a read-only host, a /tmp and processes of their own, and
// without the worker's folders and keys.
import { execFile } from 'node:child_process';
import { lstat, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

export type Sandbox =
  | {
      readonly kind: 'bubblewrap';
      readonly version: string;
      /** Words in front of a command that is to run inside. */
      readonly wrap: (places: StepPlaces, network: boolean) => readonly string[];
    }
  /** `why`: the end of a sentence. */
  | { readonly kind: 'none'; readonly why: string };

/** Absolute paths on the host, seen inside under the same names but for `tmp`, which is /tmp. */
export interface StepPlaces {
  readonly workspace: string;
  readonly home: string;
  readonly tmp: string;
  /** Null: what runs inside needs none. */
  readonly script: string | null;
}

export interface SandboxOptions {
  /** PATH on which `bwrap` is looked for. */
  readonly path: string;
  /** Folders and files of the host that no step may see; those that are missing do not matter. */
  readonly hidden: readonly string[];
  /** Folders of the host that steps may write, beside their workspace. */
  readonly writable: readonly string[];
}

/** Whether steps can be isolated here; tried once, by isolating something. */
export async function probeSandbox(options: SandboxOptions): Promise<Sandbox> {
  const run = promisify(execFile);
  const settings = { env: { PATH: options.path }, timeout: 20_000 };
  try {
    const [base, covers] = [await baseMounts(), await coveringMounts(options)];
    await run('bwrap', [...namespaces, ...base, '--tmpfs', '/tmp', ...covers, '--', 'true'], settings);
    const { stdout } = await run('bwrap', ['--version'], settings);
    return {
      kind: 'bubblewrap',
      version: stdout.trim().split(' ').at(-1) ?? '',
      wrap: ({ workspace, home, tmp, script }, network) => [
        'bwrap',
        ...namespaces,
        ...(network ? [] : ['--unshare-net']),
        ...base,
        ...bind(tmp, '/tmp'),
        ...covers,
        ...bind(workspace),
        ...bind(home),
        ...(script === null ? [] : ['--ro-bind', script, script]),
        '--',
      ],
    };
  } catch (error) {
    return { kind: 'none', why: whyNot(error) };
  }
}

/**
 * The first process inside is our own shell: when it ends, the kernel ends every other one, whatever it did to
 * hide. Not `--die-with-parent`: steps outlive their worker. As root a step keeps what it needs to own files.
 */
const namespaces = [
  '--unshare-pid',
  '--unshare-ipc',
  '--unshare-uts',
  '--as-pid-1',
  '--new-session',
  '--cap-drop',
  'ALL',
  ...(process.getuid?.() === 0
    ? ['CAP_CHOWN', 'CAP_DAC_OVERRIDE', 'CAP_FOWNER', 'CAP_SETUID', 'CAP_SETGID', 'CAP_KILL'].flatMap(
        (name) => ['--cap-add', name],
      )
    : []),
];

/** /run holds the sockets of engines, of Docker's for one; the names of hosts may be resolved by a file in it. */
async function baseMounts(): Promise<readonly string[]> {
  const mounts = ['--ro-bind', '/', '/', '--dev', '/dev', '--proc', '/proc', '--tmpfs', '/run'];
  const resolver = await realpath('/etc/resolv.conf').catch(() => '');
  return resolver.startsWith('/run/') ? [...mounts, '--ro-bind', resolver, resolver] : mounts;
}

async function coveringMounts({ hidden, writable }: SandboxOptions): Promise<readonly string[]> {
  const covers = await Promise.all(hidden.map(hide));
  return [...covers.flat(), ...writable.flatMap((folder) => bind(folder))];
}

const bind = (source: string, target = source): readonly string[] => ['--bind', source, target];

async function hide(path: string): Promise<readonly string[]> {
  const place = await realpath(path).catch(() => null);
  if (place === null || /^\/(run|tmp)\//.test(place)) return []; // others stand there already
  const isFolder = (await lstat(place)).isDirectory();
  return isFolder ? ['--tmpfs', place] : ['--ro-bind', '/dev/null', place];
}

/** Keys that people keep in their home folder. */
export const keysAtHome = (home: string): readonly string[] =>
  [
    '.ssh',
    '.gnupg',
    '.aws',
    '.azure',
    '.kube',
    '.docker',
    '.config',
    '.netrc',
    '.npmrc',
    '.git-credentials',
    '.pgpass',
  ].map((name) => join(home, name));

function whyNot(error: unknown): string {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return 'bwrap is not installed';
  const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : '';
  return `bwrap does not work here${said === '' ? '' : ` (${said.split('\n').at(-1)})`}`;
}
