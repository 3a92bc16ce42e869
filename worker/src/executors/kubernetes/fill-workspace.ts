import { setTimeout as sleep } from 'node:timers/promises';
import type { PodPlace } from './pod-console.ts';
import { ConnectionLostError, execInPod, type CommandEnd } from './pod-exec.ts';
import { homeFile, runFolder, workspaceFolder } from './resident-pod.ts';
import { stepsContainer } from './stage-pod.ts';
import { tarFolder, type FolderTar } from './write-tar.ts';

const noTar = 96;
const wordsOfTar = 2_000;

/**
 * Copies what is in `folder` on this host into the pod's workspace, and notes there that it is whole. Starts over
 * when the connection is cut. Null, or why the image cannot take it.
 */
export function fillWorkspace(place: PodPlace, folder: string, signal: AbortSignal): Promise<string | null> {
  return fill(place, folder, { into: workspaceFolder, marked: true }, signal);
}

/** Copies what is in `folder` on this host below the home of the steps. Null, or why not. */
export function fillHome(place: PodPlace, folder: string, signal: AbortSignal): Promise<string | null> {
  return fill(place, folder, { into: `"$(cat ${homeFile})"`, marked: false }, signal);
}

interface Target {
  /** As the shell reads it. */
  readonly into: string;
  /** Whether what is there then is all that the steps begin with. */
  readonly marked: boolean;
}

async function fill(
  place: PodPlace,
  folder: string,
  target: Target,
  signal: AbortSignal,
): Promise<string | null> {
  const tar = await tarFolder(folder);
  const until = Date.now() + place.patienceMs;
  for (let waitMs = 100; ; waitMs = Math.min(5_000, waitMs * 2)) {
    signal.throwIfAborted();
    try {
      return verdict(await send(place, tar, target, signal));
    } catch (error) {
      if (!(error instanceof ConnectionLostError) || Date.now() > until) throw error;
      await place.cluster.findPod(place.name); // waits while the API server is away
      await sleep(waitMs);
    }
  }
}

interface Sent {
  readonly end: CommandEnd;
  readonly said: string;
}

async function send(
  place: PodPlace,
  tar: FolderTar,
  { into, marked }: Target,
  signal: AbortSignal,
): Promise<Sent> {
  const { namespace, config } = place.cluster;
  const isEmpty = tar.bytes <= emptyTar;
  const unpack = `command -v tar >/dev/null || exit ${noTar}
head -c ${tar.bytes} | tar -x -o -f - -C ${into}`;
  const program = `until [ -e ${runFolder}/ready ]; do sleep 0.05; done
${isEmpty ? 'true' : unpack}
c=$?${marked ? `; [ $c = 0 ] && : >${runFolder}/filled` : ''}
exit $c`;
  let said = '';
  const running = await execInPod(
    config,
    {
      namespace,
      pod: place.name,
      container: stepsContainer,
      command: ['sh', '-c', program],
      hasInput: !isEmpty,
    },
    {
      write: (_stream, chunk) => {
        if (said.length < wordsOfTar) said += Buffer.from(chunk).toString();
      },
      drained: async () => {},
    },
  );
  let hasEnded = false;
  const leave = (): void => running.close();
  signal.addEventListener('abort', leave);
  const ended = running.ended.finally(() => (hasEnded = true));
  ended.catch(() => undefined); // awaited below
  try {
    for await (const chunk of isEmpty ? [] : tar.chunks()) {
      if (hasEnded) break;
      await running.send(chunk);
    }
    return { end: await ended, said };
  } finally {
    signal.removeEventListener('abort', leave);
  }
}

/** A tar of nothing is its end alone. */
const emptyTar = 1_024;

function verdict({ end, said }: Sent): string | null {
  if (end.kind === 'not-run') throw new ConnectionLostError(end.message);
  if (end.exitCode === 0) return null;
  const why = said.trim() === '' ? `exit code ${end.exitCode}` : said.trim();
  return end.exitCode === noTar
    ? 'The image has no "tar", by which the checkout is brought into its pod. Take an image that has one, or set checkout: false.'
    : `The checkout could not be unpacked in the pod: ${why}. Is the disk of its node full?`;
}
