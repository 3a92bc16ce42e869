import { constants } from 'node:fs';
import { access, realpath } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';

/** The real path of the first of these programs on a PATH, with its name; null: there is none of them. */
export async function findProgram(
  names: readonly string[],
  path: string,
): Promise<{ readonly name: string; readonly path: string } | null> {
  const folders = path.split(':').filter(isAbsolute);
  for (const name of names) {
    for (const folder of folders) {
      const found = join(folder, name);
      const isProgram = await access(found, constants.X_OK).then(
        () => true,
        () => false,
      );
      if (isProgram) return { name, path: await realpath(found) };
    }
  }
  return null;
}
