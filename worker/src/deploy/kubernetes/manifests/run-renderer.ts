// Runs kustomize or helm on files that a stranger wrote: without the worker's environment, bounded in time, memory and
// output, and where bubblewrap works without a network and with nothing of this host but programs and libraries.
import { DeployProblem } from '../../deploy-problem.ts';
import { findProgram } from './find-program.ts';
import { runBounded } from './run-bounded.ts';

export interface RendererCall {
  /** For people: `kustomize build k8s`. */
  readonly what: string;
  /** Absolute path of the program. */
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly places: RendererPlaces;
}

export interface RendererPlaces {
  /** Absolute: the files to read, which it does not change. */
  readonly workspace: string;
  /** Absolute: for what it writes. */
  readonly scratch: string;
  /** PATH on which programs are looked for. */
  readonly path: string;
}

const longestMs = 60_000;
const largestOutput = 10_000_000;

/** What the program wrote. Rejects with its own words where it fails, and with what it had too much of. */
export async function runRenderer(call: RendererCall, signal: AbortSignal): Promise<string> {
  const { places } = call;
  const end = await runBounded(
    {
      command: [...(await wall(call, signal)), ...limits, call.program, ...call.args],
      env: { ...bareEnv(places), ...call.env },
      folder: places.workspace,
      longestMs,
      largest: largestOutput,
    },
    signal,
  );
  if (end.kind === 'succeeded') return end.output;
  throw new DeployProblem('manifest-refused', `${call.what} ${why(end, call)}`);
}

function why(
  end: { kind: 'failed'; said: string } | { kind: 'too-long' | 'too-large' },
  call: RendererCall,
): string {
  switch (end.kind) {
    case 'failed':
      return `fails: ${inWords(end.said, call.places)}`;
    case 'too-long':
      return `does not end within ${longestMs / 1_000} s: make what it builds smaller.`;
    case 'too-large':
      return `gives more than ${largestOutput / 1_000_000} MB: make what it builds smaller.`;
  }
}

/** Proxies that lead nowhere: without bubblewrap, a program that wants something from a network gets it no more. */
function bareEnv({ scratch }: RendererPlaces): Readonly<Record<string, string>> {
  const nowhere = 'http://127.0.0.1:1';
  const proxies = { HTTP_PROXY: nowhere, HTTPS_PROXY: nowhere, ALL_PROXY: nowhere };
  return { PATH: '', HOME: scratch, TMPDIR: scratch, LANG: 'C.UTF-8', ...proxies };
}

/** No core dump, a minute of processor time, files of 20 MB (in blocks of 512 bytes), 2 GB of addresses. */
const limits = [
  '/bin/sh',
  '-c',
  'ulimit -c 0 && ulimit -t 60 && ulimit -f 40960 && ulimit -v 2000000 && exec "$@"',
  'sh',
];

/** Words in front of a command; none where there is no bubblewrap, or it does not work here. */
async function wall(call: RendererCall, signal: AbortSignal): Promise<readonly string[]> {
  const { workspace, scratch, path } = call.places;
  const bwrap = await findProgram(['bwrap'], path);
  if (bwrap === null) return [];
  const readable = ['/usr', '/bin', '/lib', '/lib64'].flatMap((folder) => ['--ro-bind-try', folder, folder]);
  const words = [
    bwrap.path,
    '--unshare-all',
    '--die-with-parent',
    '--new-session',
    ...readable,
    '--proc',
    '/proc',
    '--dev',
    '/dev',
    '--ro-bind',
    call.program,
    call.program,
    '--ro-bind',
    workspace,
    workspace,
    '--bind',
    scratch,
    scratch,
    '--chdir',
    workspace,
    '--',
  ];
  const command = [...words, '/bin/sh', '-c', ':'];
  const attempt = {
    command,
    env: bareEnv(call.places),
    folder: workspace,
    longestMs: 20_000,
    largest: 1_000,
  };
  return (await runBounded(attempt, signal)).kind === 'succeeded' ? words : [];
}

/** The last lines say why; where this worker keeps the files is nobody's business. */
function inWords(said: string, { workspace, scratch }: RendererPlaces): string {
  const lines = said
    .replaceAll(`${workspace}/`, '')
    .replaceAll(workspace, '.')
    .replaceAll(scratch, '.')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !/^(Use --debug|WARNING: Kubernetes configuration)/.test(line));
  const text = lines.slice(0, 5).join(' ').slice(0, 2_000);
  return text === '' ? 'it says nothing more.' : text;
}
