// A person's terminal on the worker's own host: in a sandbox of its own that has the same walls as those of the steps, the
// same folders and the same control group. It does not see the processes of a step, only its files.
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { Readable, Writable } from 'node:stream';
import { promisify } from 'node:util';
import type { ShellDoor, ShellProcess, ShellSpec, WorkspaceSpec } from '../executor.ts';
import { limitOfProcesses, quote } from './keeper.ts';
import type { ProcessSessionOptions } from './process-session-options.ts';
import type { Sandbox } from './sandbox.ts';
import { homeFolder, tmpFolder } from './session-folders.ts';

export interface HostShells {
  readonly door: ShellDoor;
  /** Ends those that are open. */
  readonly closeAll: () => Promise<void>;
}

/** Shells into one workspace, where this host can keep them to what its steps may do. */
export function hostShells(spec: WorkspaceSpec, options: ProcessSessionOptions): HostShells {
  const open = new Set<ShellProcess>();
  const { sandbox, noShell } = options;
  const why = noShell ?? (sandbox.kind === 'none' ? unisolated(sandbox.why) : null);
  return {
    door:
      sandbox.kind === 'none' || why !== null
        ? { kind: 'shut', why: why ?? 'there are no shells on this host' }
        : {
            kind: 'open',
            open: async (wanted) => {
              const shell = await openHostShell(spec, { ...options, sandbox }, wanted);
              open.add(shell);
              void shell.exitCode().then(() => open.delete(shell));
              return shell;
            },
          },
    closeAll: async () => {
      await Promise.all([...open].map((shell) => shell.close()));
    },
  };
}

/** Why no shell can be opened beside steps on this host; null: it can. Tried once. */
export async function whyNoShell(sandbox: Sandbox, path: string): Promise<string | null> {
  if (sandbox.kind === 'none') return unisolated(sandbox.why);
  try {
    const probe = ['-q', '-e', '-E', 'always', '-c', 'stty -a >/dev/null', '/dev/null'];
    await promisify(execFile)('script', probe, { env: { PATH: path }, timeout: 20_000 });
    return null;
  } catch {
    return "there is no shell beside steps on this worker's own host: install script (of util-linux, 2.35 or later) and stty, which make its terminal, and start the worker again";
  }
}

const unisolated = (why: string): string =>
  `there is no shell beside steps on this worker's own host, for nothing would keep it to what the steps may do: ${why}`;

type Isolated = ProcessSessionOptions & {
  readonly sandbox: Extract<Sandbox, { readonly kind: 'bubblewrap' }>;
};

async function openHostShell(
  spec: WorkspaceSpec,
  { path, sandbox, group, pids }: Isolated,
  { env, cols, rows }: ShellSpec,
): Promise<ShellProcess> {
  const { workspace, scratch, network } = spec;
  const [home, tmp] = [homeFolder(scratch), tmpFolder(scratch)];
  const [bwrap = 'bwrap', ...walls] = sandbox.wrap({ workspace, home, tmp, script: null }, network);
  const words = [
    bwrap,
    '--die-with-parent',
    ...walls,
    'sh',
    '-c',
    insideProgram(workspace, group === null ? pids : null, { cols, rows }),
  ];
  const child = spawn(
    '/bin/sh',
    ['-c', enterProgram, 'sluice-shell', ...(group?.doors ?? []), '--', ...words],
    {
      cwd: '/',
      // Not what the steps have: a variable such as LD_PRELOAD would be heeded before the walls are up.
      env: { PATH: path, HOME: home, LANG: 'C.UTF-8' },
      stdio: ['pipe', 'pipe', 'ignore', 'pipe', 'pipe'],
    },
  );
  const ended = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('spawn', resolve);
  });
  const [typed, sizes, exports] = [pipeTo(child, 0), pipeTo(child, 3), pipeTo(child, 4)];
  const shown = pipeFrom(child, 1);
  for (const pipe of [typed, sizes, exports]) pipe.on('error', () => undefined); // it has ended, which is seen
  exports.end(
    Object.entries({ TERM: 'xterm-256color', ...env })
      .map(([name, value]) => `export ${name}=${quote(value)}\n`)
      .join(''),
  );
  const resize = (width: number, height: number): void => void sizes.write(`${height} ${width}\n`);
  return {
    output: bytesOf(shown),
    write: (bytes) => void typed.write(bytes),
    resize: async (width, height) => resize(width, height),
    exitCode: () => ended,
    close: async () => {
      child.kill('SIGKILL'); // and with it the sandbox, and everything in it
      shown.destroy();
      await ended;
    },
  };
}

/** Joins the control groups before anything else. */
const enterProgram = `while [ "$1" != -- ]; do printf 0 >"$1" || exit 126; shift; done
shift
exec "$@" 2>&1`;

/**
 * Makes the terminal inside the sandbox, where it is the first of a table of its own: descriptor 3 tells its later sizes,
 * 4 the environment. Not `exec script`: it would also wait for what its own process had started before. Bash where there
 * is one.
 */
const insideProgram = (
  workspace: string,
  pids: number | null,
  { cols, rows }: Pick<ShellSpec, 'cols' | 'rows'>,
): string => `eval "$(cat <&4)"
exec 4<&-
${limitOfProcesses(pids)}
cd ${quote(workspace)} || exit
{
  until [ -e /dev/pts/0 ]; do sleep 0.05; done
  while read -r rows cols; do stty rows "$rows" cols "$cols" </dev/pts/0; done
} <&3 >/dev/null 2>&1 &
exec 3<&-
export SHELL=/bin/sh
script -q -e -E always -c '${startShell(cols, rows)}' /dev/null
exit $?`;

const startShell = (cols: number, rows: number): string =>
  `stty rows ${rows} cols ${cols}; if command -v bash >/dev/null 2>&1; then exec bash -i; else exec sh -i; fi`;

async function* bytesOf(shown: Readable): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of shown) yield Buffer.from(chunk);
  } catch {
    // closed by us: nothing more comes
  }
}

function pipeFrom({ stdio }: ChildProcess, descriptor: 1): Readable {
  const pipe = stdio[descriptor];
  if (pipe instanceof Readable) return pipe;
  throw new Error(`the shell has no pipe ${descriptor}`);
}

function pipeTo({ stdio }: ChildProcess, descriptor: 0 | 3 | 4): Writable {
  const pipe = stdio[descriptor];
  if (pipe instanceof Writable) return pipe;
  throw new Error(`the shell has no pipe ${descriptor}`);
}
