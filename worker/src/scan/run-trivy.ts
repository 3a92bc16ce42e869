import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { stripVTControlCharacters } from 'node:util';
import type { StageLog } from '../stages/stage-runner.ts';

/** Thrown when Trivy does not do its work: a broken database, a full disk, a version that we do not know. */
export class TrivyError extends Error {
  override readonly name = 'TrivyError';
}

/**
 * Runs Trivy to its end, its words in the log. It gets no environment but what it needs, and `folder` as home, so that
 * no configuration of the host's or the repository's takes part.
 */
export async function runTrivy(
  path: string,
  args: readonly string[],
  folder: string,
  log: StageLog,
  signal: AbortSignal,
): Promise<void> {
  const child = spawn(path, args, {
    cwd: folder,
    env: { PATH: process.env['PATH'] ?? '', HOME: folder, TMPDIR: folder },
    stdio: ['ignore', 'ignore', 'pipe'],
    signal,
    killSignal: 'SIGKILL',
  });
  const failures: Error[] = [];
  child.on('error', (error) => failures.push(error));
  // Only then is it gone, aborted or not, and its folder may be removed.
  const closed = new Promise<number | null>((resolve) => child.once('close', resolve));
  const words: string[] = [];
  const read = async (): Promise<void> => {
    for await (const line of createInterface({ input: child.stderr })) {
      const plain = stripVTControlCharacters(line).replaceAll('\t', ' ');
      words.push(plain);
      if (!/ INFO /.test(plain)) log.write('stderr', Buffer.from(`trivy: ${plain}\n`));
    }
  };
  const [code] = await Promise.all([closed, read()]);
  if (failures[0] !== undefined) throw failures[0];
  if (code !== 0)
    throw new TrivyError(`trivy ${args[0] ?? ''} ended with ${code}: ${words.slice(-3).join(' · ')}`);
}
