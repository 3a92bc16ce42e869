// A person's terminal in the pod of a stage: another command in the container of the steps, as their user.
import { randomUUID } from 'node:crypto';
import { PassThrough } from 'node:stream';
import type { ShellProcess, ShellSpec } from '../executor.ts';
import type { PodPlace } from './pod-console.ts';
import { askInPod, execInPod, type CommandEnd, type RunningCommand } from './pod-exec.ts';
import { fenceCheck, quote, runFolder, workspaceFolder } from './resident-pod.ts';
import { stepsContainer } from './stage-pod.ts';

/** What a shell of a person starts carries this in its environment, so that all of it can be ended. */
const markName = 'SLUICE_SHELL';

export async function openPodShell(place: PodPlace, { env, cols, rows }: ShellSpec): Promise<ShellProcess> {
  const mark = randomUUID();
  await bringEnvironment(place, mark, { TERM: 'xterm-256color', ...env, [markName]: mark });
  const shown = new PassThrough();
  const running = await execInPod(
    place.cluster.config,
    {
      ...targetOf(place),
      command: ['sh', '-c', shellProgram(place, mark, { cols, rows })],
      hasInput: true,
      hasTerminal: true,
    },
    {
      write: (_stream, chunk) => void shown.write(Buffer.from(chunk)),
      drained: async () => {
        if (shown.writableNeedDrain) await new Promise<void>((resolve) => shown.once('drain', resolve));
      },
    },
  );
  running.resize(cols, rows);
  const ended = running.ended.catch((): null => null); // cut: by us, or with the pod
  void ended.then(() => shown.end());
  return {
    output: bytesOf(shown),
    write: (bytes) => void running.send(bytes).catch(() => undefined),
    resize: async (width, height) => running.resize(width, height),
    exitCode: async () => exitCodeOf(await ended),
    close: async () => {
      running.close();
      shown.destroy();
      await endProcesses(place, mark);
    },
  };
}

const environmentFile = (mark: string): string => `${runFolder}/shell-${mark}`;

/** Through the input of a command: what stands in its words is in the cluster's audit log, and here are secrets. */
async function bringEnvironment(
  place: PodPlace,
  mark: string,
  env: Readonly<Record<string, string>>,
): Promise<void> {
  const exported = Object.entries(env).map(([name, value]) => `export ${name}=${quote(value)}\n`);
  const text = Buffer.from(exported.join(''));
  const program = `${fenceCheck(place.fence)}umask 077\nhead -c ${text.length} >${environmentFile(mark)}`;
  const running: RunningCommand = await execInPod(
    place.cluster.config,
    { ...targetOf(place), command: ['sh', '-c', program], hasInput: true },
    { write: () => {}, drained: async () => {} },
  );
  await running.send(text);
  const end = await running.ended;
  if (exitCodeOf(end) !== 0) {
    throw new Error(end.kind === 'not-run' ? end.message : 'the pod took no environment for it');
  }
}

/** Bash where the image has one. The cluster passes the terminal's size on a moment late, so it is set here already. */
const shellProgram = (
  place: PodPlace,
  mark: string,
  { cols, rows }: Pick<ShellSpec, 'cols' | 'rows'>,
): string => `${fenceCheck(place.fence)}cd ${workspaceFolder}
. ${environmentFile(mark)}; rm -f ${environmentFile(mark)}
stty cols ${cols} rows ${rows} 2>/dev/null
if command -v bash >/dev/null 2>&1; then exec bash -i; else exec sh -i; fi`;

async function* bytesOf(shown: PassThrough): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of shown) yield Buffer.from(chunk);
  } catch {
    // closed by us: nothing more comes
  }
}

const exitCodeOf = (end: CommandEnd | null): number | null => (end?.kind === 'exited' ? end.exitCode : null);

/** The container's runtime leaves a process alone whose terminal is gone, and it may have started others. */
async function endProcesses(place: PodPlace, mark: string): Promise<void> {
  const program = `rm -f ${environmentFile(mark)}
for p in /proc/[0-9]*; do grep -q "${markName}=${mark}" "$p/environ" 2>/dev/null && kill -9 "\${p#/proc/}"; done`;
  try {
    await askInPod(place.cluster.config, { ...targetOf(place), command: ['sh', '-c', program] });
  } catch {
    // the pod is gone, or ends: nothing of the shell is left
  }
}

const targetOf = ({ cluster, name }: PodPlace) => ({
  namespace: cluster.namespace,
  pod: name,
  container: stepsContainer,
});
