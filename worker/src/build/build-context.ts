// What is sent to the builder: the context folder as a tar, without what .dockerignore names.
import { lstat, readFile, readdir, stat } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { Readable } from 'node:stream';
import type { BuildWork } from '@sluice/pipelines/language/definition';
import { err, ok, type Result } from '@sluice/pipelines/result';
import tar from 'tar-fs';
import { readIgnoreRules, type IgnoreRules } from './ignore-rules.ts';
import { isInside, resolveInside } from './workspace-path.ts';

export interface BuildContext {
  /** Path of the Dockerfile inside the tar. */
  readonly dockerfile: string;
  readonly dockerfileText: string;
  readonly files: number;
  readonly bytes: number;
  /** Opens the tar; once. */
  readonly pack: () => Readable;
}

/** Name in the tar of a Dockerfile that lies outside its context folder. */
const carriedDockerfile = '.sluice.Dockerfile';

/** Symbolic links are sent as links and never followed. The error says what is wrong with `work` and what to do. */
export async function readBuildContext(
  workspace: string,
  work: Pick<BuildWork, 'file' | 'context'>,
): Promise<Result<BuildContext, string>> {
  const folder = await resolveInside(workspace, work.context);
  if (!folder.ok) return err(contextProblem(work.context, folder.error.reason));
  if (!(await stat(folder.value)).isDirectory()) {
    return err(`The build context "${work.context}" is a file: set "context" to a folder of the repository.`);
  }
  const file = await resolveInside(workspace, work.file);
  if (!file.ok) return err(dockerfileProblem(work.file, file.error.reason));
  if (!(await stat(file.value)).isFile()) {
    return err(`The Dockerfile "${work.file}" is a folder: set "file" to the Dockerfile inside it.`);
  }

  const dockerfileIsInside = isInside(folder.value, file.value);
  const dockerfile = dockerfileIsInside ? slashed(relative(folder.value, file.value)) : carriedDockerfile;
  const rules = await readIgnoreRules(folder.value, file.value);
  const found = await listContext(folder.value, rules, dockerfileIsInside ? dockerfile : null);
  const dockerfileText = await readFile(file.value, 'utf8');
  const carried = dockerfileIsInside ? null : Buffer.from(dockerfileText);
  return ok({
    dockerfile,
    dockerfileText,
    files: found.files + (carried ? 1 : 0),
    bytes: found.bytes + (carried?.byteLength ?? 0),
    pack: () => packFolder(folder.value, found.paths, carried),
  });
}

interface FoundFiles {
  /** Relative to the folder, with slashes; folders included. */
  readonly paths: ReadonlySet<string>;
  readonly files: number;
  readonly bytes: number;
}

async function listContext(root: string, rules: IgnoreRules, keep: string | null): Promise<FoundFiles> {
  const paths = new Set<string>();
  let files = 0;
  let bytes = 0;
  const visit = async (folder: string): Promise<void> => {
    const entries = await readdir(join(root, folder), { withFileTypes: true });
    for (const entry of entries) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) {
        const isKept = keep !== null && keep.startsWith(`${path}/`);
        if (rules.ignores(path) && !rules.mayKeepBelow(path) && !isKept) continue;
        await visit(path);
        if (!rules.ignores(path)) paths.add(path);
      } else if (entry.isFile() || entry.isSymbolicLink()) {
        if (rules.ignores(path) && path !== keep) continue;
        addWithParents(paths, path);
        files += 1;
        bytes += entry.isFile() ? (await lstat(join(root, path))).size : 0;
      }
    }
  };
  await visit('');
  return { paths, files, bytes };
}

function addWithParents(paths: Set<string>, path: string): void {
  for (let at = path.length; at > 0; at = path.lastIndexOf('/', at - 1)) paths.add(path.slice(0, at));
}

function packFolder(root: string, paths: ReadonlySet<string>, carried: Buffer | null): Readable {
  const pack = tar.pack(root, {
    ignore: (path) => !paths.has(slashed(relative(root, path))),
    // As `docker build` does: who owned the checkout is no property of the image.
    map: (header) => ({ ...header, uid: 0, gid: 0 }),
    finalize: carried === null,
    finish: (pack) => {
      if (carried === null) return;
      pack.entry({ name: carriedDockerfile, mode: 0o644 }, carried);
      pack.finalize();
    },
  });
  return Readable.from(pack);
}

const slashed = (path: string): string => path.replaceAll('\\', '/');

function contextProblem(context: string, reason: 'leaves-workspace' | 'missing'): string {
  return reason === 'missing'
    ? `The build context "${context}" does not exist in the repository at this commit. Commit the folder, or correct "context" of the build stage.`
    : `The build context "${context}" leaves the repository. Only folders inside it may be sent to the builder: correct "context" of the build stage.`;
}

function dockerfileProblem(file: string, reason: 'leaves-workspace' | 'missing'): string {
  return reason === 'missing'
    ? `There is no Dockerfile "${file}" in the repository at this commit. Commit it, or set "file" of the build stage to where it is${
        basename(file) === 'Dockerfile' ? '' : ' (the default is "Dockerfile")'
      }.`
    : `The Dockerfile "${file}" leaves the repository. Only files inside it may be built: correct "file" of the build stage.`;
}
