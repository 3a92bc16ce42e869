// What decides whether a stage may take over how it ended in another run. Two runs in which this text is the same
// give the stage the same files, the same definition and the same results of what it needs.
import type { ReuseRule } from '../language/definition.ts';
import { matchesFile } from '../trigger/match-glob.ts';
import type { PlannedStage } from './plan.ts';

/** A file as a commit names it. */
export interface CommitFile {
  readonly path: string;
  /** As Git writes it: `100644`, `100755`, `120000` (link), `160000` (submodule). */
  readonly mode: string;
  /** Name of the Git object: the same content has the same name. */
  readonly object: string;
}

export interface StageInputs {
  /** With nothing left to fill in. */
  readonly stage: PlannedStage;
  /** Those that the rule names, in any order. */
  readonly files: readonly CommitFile[];
  /** Name → when it was last set; null: there is none. Never a value. */
  readonly secrets: Readonly<Record<string, number | null>>;
  /** Of the stages before it. */
  readonly outputs: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** What is in its workspace of stages before it. */
  readonly artifacts: readonly { readonly stage: string; readonly sha256: string | null }[];
}

/** Raise it when the meaning of a stage changes: what was kept before is then not taken over. */
const version = 1;

export function reuseRule({ work }: PlannedStage): ReuseRule | null {
  return work.kind === 'steps' ? (work.keeps?.reuse ?? null) : null;
}

/** Those of a commit's files that are inputs; with submodules checked out, which of them is one, too. */
export function inputFiles(
  { work }: PlannedStage,
  rule: ReuseRule,
  files: readonly CommitFile[],
): readonly CommitFile[] {
  const hasSubmodules =
    work.kind === 'steps' && typeof work.checkout === 'object' && work.checkout.submodules !== 'none';
  return files.filter(
    ({ path, mode }) => (hasSubmodules && mode === '160000') || matchesFile(rule.inputs, path),
  );
}

/** The text whose hash is the key. It may hold outputs: store the hash alone. */
export function reuseKeyText({ stage, files, secrets, outputs, artifacts }: StageInputs): string {
  const { id, env, pool } = stage;
  return canonical({
    version,
    stage: { id, env, pool: pool ?? null, work: withoutHolds(stage.work) },
    files: files.map(({ path, mode, object }) => [path, mode, object]).toSorted(byFirst),
    secrets,
    outputs,
    artifacts: artifacts.map((each) => [each.stage, each.sha256]),
  });
}

/** How long a failed stage is held for a shell changes nothing of one that succeeds. */
function withoutHolds(work: PlannedStage['work']): PlannedStage['work'] {
  if (work.kind !== 'steps') return work;
  const { keepOnFailureMs: _held, ...rest } = work;
  return rest;
}

const byFirst = ([a = '']: readonly string[], [b = '']: readonly string[]): number =>
  a < b ? -1 : Number(a > b);

/** JSON in which the order of keys says nothing. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, each: unknown) =>
    typeof each === 'object' && each !== null && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).toSorted(byKey))
      : each,
  );
}

const byKey = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number =>
  a < b ? -1 : Number(a > b);
