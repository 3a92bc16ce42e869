import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { StageLog } from '../stages/stage-runner.ts';

/** Thrown when Trivy ended with an error: a broken database, a full disk. The last lines say which. */
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
    env: { PATH: process.env['PATH'] ?? '', HOME: folder, TMPDIR: folder, NO_COLOR: '1' },
    stdio: ['ignore', 'ignore', 'pipe'],
    signal,
    killSignal: 'SIGKILL',
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const words: string[] = [];
  const read = async (): Promise<void> => {
    for await (const line of createInterface({ input: child.stderr })) {
      const plain = line.replace(/\u001b\[[0-9;]*m/g, '').replaceAll('\t', ' ');
      words.push(plain);
      if (!/ INFO /.test(plain)) log.write('stderr', Buffer.from(`trivy: ${plain}\n`));
    }
  };
  const [code] = await Promise.all([ended, read()]);
  if (code !== 0)
    throw new TrivyError(`trivy ${args[0] ?? ''} ended with ${code}: ${words.slice(-3).join(' · ')}`);
}
