import { spawn } from 'node:child_process';
import { access, chown, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Account } from './postgres-account.ts';
import type { PostgresBinaries } from './postgres-binaries.ts';

export const postgresUser = 'sluice';

/** Only what PostgreSQL needs of our environment; a PGPORT or LC_ALL of the person's must not reach it. */
export const postgresEnv = (): NodeJS.ProcessEnv => ({ PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC' });

export interface ClusterPlace {
  readonly binaries: PostgresBinaries;
  readonly account: Account | null;
  /** Where the data is, or will be. */
  readonly folder: string;
}

/** Makes the data folder when it is missing. A half-made one never stands under its final name. */
export async function ensureCluster(place: ClusterPlace, password: string): Promise<void> {
  if (await exists(path.join(place.folder, 'PG_VERSION'))) return;
  const draft = `${place.folder}.new`;
  await rm(draft, { recursive: true, force: true });
  const passwordFile = path.join(draft, 'password');
  const data = path.join(draft, 'data');
  await mkdir(data, { recursive: true, mode: 0o700 });
  await writeFile(passwordFile, `${password}\n`, { mode: 0o600 });
  const { account } = place;
  if (account !== null) {
    for (const one of [draft, data, passwordFile]) await chown(one, account.uid, account.gid);
  }
  await initdb(place, data, passwordFile);
  await rename(data, place.folder);
  await rm(draft, { recursive: true, force: true });
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}

function initdb({ binaries, account }: ClusterPlace, data: string, passwordFile: string): Promise<void> {
  const child = spawn(
    binaries.initdb,
    [
      `--pgdata=${data}`,
      `--pwfile=${passwordFile}`,
      `--username=${postgresUser}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--locale=C',
    ],
    { cwd: '/', env: postgresEnv(), stdio: ['ignore', 'ignore', 'pipe'], ...account },
  );
  let complaint = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (complaint += text));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`initdb could not make a database in ${data}: ${complaint.trim()}`));
    });
  });
}
