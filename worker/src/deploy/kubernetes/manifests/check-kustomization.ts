// What a kustomization takes in is looked at before kustomize runs, and must be of the repository: kustomize itself would
// fetch addresses, clone repositories and follow folders to anywhere on its host.
import { readdir, readFile, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { resolveInside } from '../../../build/workspace-path.ts';
import { refused, takenIn, type Taken } from './kustomization-file.ts';

const mostFolders = 200;
const largestFile = 1_000_000;

export const isKustomization = (name: string): boolean => /^kustomization(\.ya?ml)?$/i.test(name);

/** Rejects with the first thing that is not of the repository. Both paths are absolute and real. */
export async function checkKustomization(workspace: string, folder: string): Promise<void> {
  const seen = new Set([folder]);
  for (const each of seen) {
    for (const next of await foldersOf(workspace, each)) seen.add(next);
    if (seen.size > mostFolders) {
      const place = relative(workspace, folder);
      throw refused(place, `takes in more than ${mostFolders} folders: make it smaller`);
    }
  }
}

/** The folders that one kustomization takes in. */
async function foldersOf(workspace: string, folder: string): Promise<readonly string[]> {
  const names = (await readdir(folder)).filter(isKustomization);
  const [name] = names;
  const place = relative(workspace, folder) || '.';
  if (name === undefined) throw refused(place, 'is a folder without a kustomization.yaml: add one');
  if (names.length > 1) throw refused(place, `holds ${names.join(' and ')}: keep one of them`);
  const file = join(place, name);
  const path = await resolveInside(workspace, file);
  if (!path.ok) throw refused(file, 'is a link that leaves the repository');
  if ((await stat(path.value)).size > largestFile) throw refused(file, 'is larger than 1 MB');
  const folders: string[] = [];
  for (const taken of takenIn(await readFile(path.value, 'utf8'), file)) {
    const found = await findTaken(workspace, folder, taken);
    if (taken.mayBeFolder && (await stat(found)).isDirectory()) folders.push(found);
  }
  return folders;
}

async function findTaken(workspace: string, folder: string, { place, key, path }: Taken): Promise<string> {
  const names = `${key} names ${path.slice(0, 200)}, which`;
  if (path.includes('://') || path.startsWith('/')) {
    throw refused(
      place,
      `${names} is not in the repository. Nothing is fetched: commit a copy and name that`,
    );
  }
  const found = await resolveInside(workspace, relative(workspace, join(folder, path)));
  if (found.ok) return found.value;
  throw refused(
    place,
    found.error.reason === 'missing'
      ? `${names} does not exist at this commit. Nothing is fetched: commit it`
      : `${names} leaves the repository: commit a copy and name that`,
  );
}
