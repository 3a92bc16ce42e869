// What a stage of a run on this machine begins with: files as they lay there at the run's beginning, and beside them
// what the stage wishes for.
import { lstat, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { err, ok, type Result } from '@sluice/pipelines/result';
import type { Checkout } from '@sluice/worker/checkout/check-out';
import { giveHistory } from '@sluice/worker/checkout/history';
import { copyFiles, git, listWorkingTree } from './working-tree.ts';

export interface FilesHere {
  readonly root: string;
  readonly paths: readonly string[];
  /** Copies of these files, made when the run began. */
  readonly snapshot: string;
}

export function checkOutHere({ root, paths, snapshot }: FilesHere): Checkout {
  return {
    checkOut: async (spec, { workspace, say }, signal, wishes) => {
      await copyFiles(snapshot, workspace, paths);
      if (wishes === undefined) return ok(undefined);
      if (wishes.depth !== null) {
        const repository = await historyOf(root);
        if (!repository.ok) return repository;
        // Git takes a submodule for removed where not even its folder is.
        for (const path of await submodulesOf(root)) await mkdir(join(workspace, path), { recursive: true });
        // Files that are not committed yet stand there as changes.
        await giveHistory(
          repository.value.folder,
          { ...spec, url: repository.value.origin },
          { workspace, depth: wishes.depth, keepFiles: true },
          signal,
        );
      }
      if (wishes.submodules === 'none') return ok(undefined);
      return await copySubmodules({ from: root, to: workspace }, wishes.submodules === 'recursive', say);
    },
  };
}

/** The repository whose files `root` has, all of them. */
async function historyOf(
  root: string,
): Promise<Result<{ readonly folder: string; readonly origin: string }, string>> {
  const [prefix, folder, origin] = await Promise.all([
    git(root, ['rev-parse', '--show-prefix']),
    git(root, ['rev-parse', '--path-format=absolute', '--git-common-dir']),
    git(root, ['remote', 'get-url', 'origin']),
  ]);
  if (!folder.ok || !prefix.ok || prefix.value.trim() !== '') {
    return err(
      'The stage asks for history (checkout: { depth: … }), and this folder is not the root of a Git repository. Run it in one, or remove depth.',
    );
  }
  return ok({ folder: folder.value.trim(), origin: origin.ok ? origin.value.trim() : `file://${root}` });
}

interface Copying {
  readonly from: string;
  readonly to: string;
}

async function copySubmodules(
  { from, to }: Copying,
  isDeep: boolean,
  say: (line: string) => void,
): Promise<Result<void, string>> {
  for (const path of await submodulesOf(from)) {
    const folder = join(from, path);
    const isHere = await lstat(join(folder, '.git')).then(
      () => true,
      () => false,
    );
    if (!isHere)
      return err(`Submodule "${path}" is not checked out here: git submodule update --init --recursive.`);
    const tree = await listWorkingTree(folder);
    if (!tree.ok) return err(`Submodule "${path}": ${tree.error}`);
    say(`submodule ${path}: as it lies here`);
    await copyFiles(folder, join(to, path), tree.value.paths);
    const inside = isDeep
      ? await copySubmodules({ from: folder, to: join(to, path) }, true, say)
      : ok(undefined);
    if (!inside.ok) return inside;
  }
  return ok(undefined);
}

async function submodulesOf(folder: string): Promise<readonly string[]> {
  const listed = await git(folder, ['ls-files', '-z', '--stage']);
  const lines = listed.ok ? listed.value.split('\0') : [];
  return lines.flatMap((line) => /^160000 [^\t]*\t(.+)$/s.exec(line)?.[1] ?? []);
}
