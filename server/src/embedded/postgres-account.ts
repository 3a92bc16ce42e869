// PostgreSQL refuses to run as root: then it runs as the system's user `postgres`.
import { execFile } from 'node:child_process';
import { chmod, chown, stat } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Logger } from 'pino';

const run = promisify(execFile);

export interface Account {
  readonly uid: number;
  readonly gid: number;
}

/** The account to run PostgreSQL as, made when missing; null: our own, because we are not root. */
export async function postgresAccount(): Promise<Account | null> {
  if (process.getuid?.() !== 0) return null;
  return (await lookUp()) ?? (await create());
}

async function lookUp(): Promise<Account | null> {
  try {
    const [uid, gid] = await Promise.all([run('id', ['-u', 'postgres']), run('id', ['-g', 'postgres'])]);
    return { uid: Number(uid.stdout.trim()), gid: Number(gid.stdout.trim()) };
  } catch {
    return null;
  }
}

async function create(): Promise<Account> {
  try {
    await run('useradd', [
      '--system',
      '--user-group',
      '--no-create-home',
      '--shell',
      '/bin/false',
      'postgres',
    ]);
  } catch (cause) {
    throw new Error(
      'PostgreSQL cannot run as root and the user `postgres` could not be made. Run `useradd --system --user-group postgres`, ' +
        'start Sluice as another user, or set DATABASE_URL.',
      { cause },
    );
  }
  const made = await lookUp();
  if (made === null) throw new Error('the user `postgres` was made but `id postgres` does not find it');
  return made;
}

/**
 * Lets `account` pass through every folder above `target`, and no more: a folder that only root may enter is
 * given the account's group with search permission, any other one gets search permission for all.
 */
export async function letPass(account: Account, target: string, log: Logger): Promise<void> {
  for (const folder of ancestors(path.resolve(target))) {
    const { mode, uid, gid } = await stat(folder);
    const mayPass =
      (mode & 0o001) !== 0 ||
      (uid === account.uid && (mode & 0o100) !== 0) ||
      (gid === account.gid && (mode & 0o010) !== 0);
    if (mayPass) continue;
    if ((mode & 0o070) === 0) {
      await chown(folder, uid, account.gid);
      await chmod(folder, (mode & 0o7777) | 0o010);
    } else {
      await chmod(folder, (mode & 0o7777) | 0o001);
    }
    log.warn(
      { folder },
      'the embedded PostgreSQL runs as user postgres: that user may now pass through this folder',
    );
  }
}

function ancestors(target: string): string[] {
  const folders: string[] = [];
  for (let folder = path.dirname(target); folder !== path.dirname(folder); folder = path.dirname(folder)) {
    folders.unshift(folder);
  }
  return folders;
}
