// Puts a commit's files into a workspace, by way of a bare mirror of the repository that the worker keeps. The
// workspace shares no object with the mirror: a step could change what later runs check out.
import { join } from 'node:path';
import { err, ok, type Result } from '@sluice/pipelines/result';
import type { CheckoutWishes } from '@sluice/pipelines/language/definition';
import type { CheckoutSpec } from '@sluice/pipelines/protocol/worker-api';
import { giveHistory } from './history.ts';
import { createLocks } from './locks.ts';
import { missing, provideCommit, writeFiles, type CheckoutTarget } from './mirror.ts';
import { addSubmodules } from './submodules.ts';

export interface Checkout {
  /**
   * The error is a sentence that says what to do: an unreachable repository, a missing commit. `say` gets a line
   * for what takes time. `scratch` holds git's index meanwhile. `wishes`: what there is to be beside the files.
   */
  readonly checkOut: (
    spec: CheckoutSpec,
    target: CheckoutTarget,
    signal: AbortSignal,
    wishes?: CheckoutWishes,
  ) => Promise<Result<void, string>>;
}

export interface CheckoutOptions {
  /** Folders of this machine in which `file:` repositories may have submodules; none: they have none. */
  readonly fileFolders?: readonly string[];
}

export const filesAlone: CheckoutWishes = { depth: null, submodules: 'none' };

/** `mirrors`: folder of the bare repositories, one for each repository's id; used by one worker process only. */
export function createCheckout(mirrors: string, { fileFolders = [] }: CheckoutOptions = {}): Checkout {
  const locks = createLocks();
  const mirrorOf = (spec: CheckoutSpec): string => join(mirrors, `${spec.repositoryId}.git`);

  /** Whatever is under way for the same mirror is waited for. */
  function provide(
    spec: CheckoutSpec,
    say: CheckoutTarget['say'],
    signal: AbortSignal,
    isNewWanted = false,
  ): Promise<Result<void, string>> {
    const mirror = mirrorOf(spec);
    return locks.hold(mirror, (hasWaited) =>
      provideCommit(mirror, spec, { say, mayBeThere: hasWaited && !isNewWanted }, signal),
    );
  }

  async function putFiles(
    spec: CheckoutSpec,
    { workspace, scratch, say }: CheckoutTarget,
    signal: AbortSignal,
  ): Promise<Result<void, string>> {
    const place = { repository: mirrorOf(spec), workspace, index: join(scratch, 'checkout-index') };
    // The usual case, in which the mirror has the commit already, takes this one process and no network.
    if (await writeFiles(place, spec, signal)) return ok(undefined);
    const fetched = await provide(spec, say, signal);
    if (!fetched.ok || (await writeFiles(place, spec, signal))) return fetched;
    return err(missing(spec));
  }

  return {
    checkOut: async (spec, target, signal, wishes = filesAlone) => {
      const refusal = whyNot(spec);
      if (refusal !== null) return err(refusal);
      // With the whole history, branches and tags are wanted as they are now.
      const fetched = wishes.depth === 0 ? await provide(spec, target.say, signal, true) : ok(undefined);
      if (!fetched.ok) return fetched;
      const put = await putFiles(spec, target, signal);
      if (!put.ok) return put;
      const { depth } = wishes;
      if (depth !== null) await giveHistory(mirrorOf(spec), spec, { ...target, depth }, signal);
      if (wishes.submodules === 'none') return put;
      const options = { fileFolders, isDeep: wishes.submodules === 'recursive', mirrorOf, putFiles };
      return await addSubmodules(spec, target, options, signal);
    },
  };
}

function whyNot({ repositoryId, url, commit }: CheckoutSpec): string | null {
  if (!/^[\w-]{1,100}$/.test(repositoryId))
    return `The repository's id "${repositoryId}" cannot name a folder.`;
  if (!/^[0-9a-f]{40}([0-9a-f]{24})?$/.test(commit)) return `"${commit}" is not the full name of a commit.`;
  if (!/^(file|https|ssh):\/\/[^\s]+$/.test(url)) {
    return "The address of the repository must begin with file://, https:// or ssh://. Mend it in the repository's settings.";
  }
  return null;
}
