import { constants } from 'node:fs';
import { lstat, mkdir, open, rm, symlink, type FileHandle } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import type { PodPlace } from './pod-console.ts';
import { ConnectionLostError, execInPod, type CommandEnd } from './pod-exec.ts';
import { quote, workspaceFolder } from './resident-pod.ts';
import { stepsContainer } from './stage-pod.ts';

/** Bytes of a file that is brought back. */
const largestFile = 1024 ** 3;

const isMissing = 93;
const isNoFile = 94;
const isTooLarge = 95;

/**
 * Brings a plain file of the pod's workspace into the host's, which may hold links of a stranger's repository: none is
 * followed. A link in the pod becomes a link to nowhere, a missing file is no error. Rejects above 1 GiB.
 */
export async function fetchFile(place: PodPlace, workspace: string, path: string): Promise<void> {
  const inside = normalize(path);
  if (inside.startsWith('/') || inside === '..' || inside.startsWith('../')) {
    throw new Error(`"${path}" is not a path inside the workspace`);
  }
  for (let tries = 0; ; tries += 1) {
    try {
      return await fetchOnce(place, workspace, inside);
    } catch (error) {
      if (!(error instanceof ConnectionLostError) || tries > 10) throw error;
      await place.cluster.findPod(place.name); // waits while the API server is away
    }
  }
}

async function fetchOnce(place: PodPlace, workspace: string, path: string): Promise<void> {
  const target = await freePath(workspace, path);
  const file = await open(
    target,
    constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
  );
  let end: CommandEnd;
  try {
    end = await copy(place, path, file);
  } finally {
    await file.close();
  }
  if (end.kind === 'exited' && end.exitCode === 0) return;
  await rm(target, { force: true });
  if (end.kind === 'not-run') throw new Error(`"${path}" could not be brought from the pod: ${end.message}`);
  if (end.exitCode === isMissing) return;
  if (end.exitCode === isNoFile) return await symlink('no-plain-file-in-the-pod', target);
  throw new Error(
    end.exitCode === isTooLarge
      ? `"${path}" is larger than 1 GiB, the most that is brought from a pod`
      : `"${path}" could not be brought from the pod: reading it ended with exit code ${end.exitCode}`,
  );
}

async function copy(place: PodPlace, path: string, file: FileHandle): Promise<CommandEnd> {
  const { namespace, config } = place.cluster;
  const program = `cd ${workspaceFolder} || exit 1
p=${quote(`./${path}`)}
[ -e "$p" ] || [ -L "$p" ] || exit ${isMissing}
[ -f "$p" ] && [ ! -L "$p" ] || exit ${isNoFile}
s=$(wc -c <"$p") && [ "$s" -le ${largestFile} ] || exit ${isTooLarge}
head -c ${largestFile} <"$p"`;
  let written = Promise.resolve();
  const running = await execInPod(
    config,
    {
      namespace,
      pod: place.name,
      container: stepsContainer,
      command: ['sh', '-c', program],
      hasInput: false,
    },
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

/** The file's place on this host, with nothing there and no link on the way to it. */
async function freePath(workspace: string, path: string): Promise<string> {
  let folder = workspace;
  for (const name of dirname(path).split('/')) {
    if (name === '.') continue;
    folder = join(folder, name);
    const isFolder = await lstat(folder).then(
      (stats) => stats.isDirectory(),
      () => false,
    );
    if (isFolder) continue;
    await rm(folder, { force: true });
    await mkdir(folder);
  }
  const target = join(workspace, path);
  await rm(target, { recursive: true, force: true });
  return target;
}
