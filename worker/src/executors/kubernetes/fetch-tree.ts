import { open, rm, type FileHandle } from 'node:fs/promises';
import { join, normalize } from 'node:path';
import { unpackArchive } from '../../archives/unpack-archive.ts';
import type { PodPlace } from './pod-console.ts';
import { ConnectionLostError, execInPod, type CommandEnd } from './pod-exec.ts';
import { homeFile, quote, workspaceFolder } from './resident-pod.ts';
import { stepsContainer } from './stage-pod.ts';

const isMissing = 93;
const hasNoTar = 94;

/**
 * Brings what is at a path of the pod's workspace, with everything in it, into the host's; no link is followed on
 * either side. Needs `tar` and `gzip` in the image. A missing path is no error.
 */
export function fetchTree(place: PodPlace, { workspace, scratch }: Folders, path: string): Promise<void> {
  return fetch(place, { from: workspaceFolder, into: workspace, scratch }, path);
}

/** The same below the home of the steps, into `home` in `scratch`. */
export function fetchFromHome(place: PodPlace, { scratch }: Folders, path: string): Promise<void> {
  return fetch(place, { from: `"$(cat ${homeFile})"`, into: join(scratch, 'home'), scratch }, path);
}

interface Folders {
  readonly workspace: string;
  readonly scratch: string;
}

interface Way {
  /** In the pod, as the shell reads it. */
  readonly from: string;
  readonly into: string;
  readonly scratch: string;
}

async function fetch(place: PodPlace, { from, into, scratch }: Way, path: string): Promise<void> {
  const inside = normalize(path);
  if (inside.startsWith('/') || inside === '..' || inside.startsWith('../')) {
    throw new Error(`"${path}" is not a path inside the workspace`);
  }
  const archive = join(scratch, 'fetched.tar.gz');
  try {
    const end = await fetchArchive(place, from, inside, archive);
    if (end.kind === 'exited' && end.exitCode === isMissing) return;
    if (end.kind === 'not-run' || end.exitCode !== 0) throw new Error(explain(path, end));
    const signal = new AbortController().signal;
    await unpackArchive(archive, { roots: { '': into }, links: 'any', times: 'kept', signal });
  } finally {
    await rm(archive, { force: true });
  }
}

async function fetchArchive(
  place: PodPlace,
  from: string,
  path: string,
  archive: string,
): Promise<CommandEnd> {
  for (let tries = 0; ; tries += 1) {
    const file = await open(archive, 'w', 0o600);
    try {
      return await copy(place, from, path, file);
    } catch (error) {
      if (!(error instanceof ConnectionLostError) || tries > 10) throw error;
      await place.cluster.findPod(place.name); // waits while the API server is away
    } finally {
      await file.close();
    }
  }
}

async function copy(place: PodPlace, from: string, path: string, file: FileHandle): Promise<CommandEnd> {
  const { namespace, config } = place.cluster;
  const program = `cd ${from} || exit 1
p=${quote(`./${path}`)}
[ -e "$p" ] || [ -L "$p" ] || exit ${isMissing}
command -v tar >/dev/null && command -v gzip >/dev/null || exit ${hasNoTar}
exec tar -czf - "$p"`;
  let written = Promise.resolve();
  const command = ['sh', '-c', program];
  const running = await execInPod(
    config,
    { namespace, pod: place.name, container: stepsContainer, command, hasInput: false },
    {
      write: (stream, chunk) => {
        const bytes = Buffer.from(chunk);
        if (stream === 'stdout') written = written.then(() => file.appendFile(bytes));
      },
      drained: () => written,
    },
  );
  const end = await running.ended;
  await written;
  return end;
}

function explain(path: string, end: CommandEnd): string {
  const what = `"${path}" could not be brought from the pod`;
  if (end.kind === 'not-run') return `${what}: ${end.message}`;
  return end.exitCode === hasNoTar
    ? `${what}: its image has no tar and gzip. Take an image that has them.`
    : `${what}: packing it ended with exit code ${end.exitCode}`;
}
