// How the stages of this project ended here before: what `--from` stands on.
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { err, ok, type Result } from '@sluice/pipelines/result';
import type { RunState, StageEnd } from '@sluice/pipelines/run/run-state';
import type { LocalArtifact } from './local-door.ts';

const artifact = z.object({
  id: z.uuid(),
  stage: z.string(),
  attempt: z.number().int(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  bytes: z.number(),
});

const lastRun = z.object({
  runId: z.string(),
  number: z.number().int(),
  /** Stage → outputs, of those that succeeded. */
  outputs: z.record(z.string(), z.record(z.string(), z.string())),
  artifacts: z.array(artifact),
});
export type LastRun = z.infer<typeof lastRun>;

const name = 'last-run.json';

/** Null: there was none, or it cannot be read. */
export async function readLastRun(folder: string): Promise<LastRun | null> {
  try {
    return lastRun.parse(JSON.parse(await readFile(join(folder, name), 'utf8')));
  } catch {
    return null;
  }
}

export async function writeLastRun(folder: string, run: LastRun): Promise<void> {
  const path = join(folder, name);
  await writeFile(`${path}.${process.pid}`, JSON.stringify(run), { mode: 0o600 });
  await rename(`${path}.${process.pid}`, path);
}

/** What this run adds to what is known: stages that it has not carried out stay as they were. */
export function rememberRun(
  before: LastRun | null,
  { id, number }: { readonly id: string; readonly number: number },
  state: RunState,
  artifacts: readonly LocalArtifact[],
): LastRun {
  const outputs: Record<string, Record<string, string>> = { ...before?.outputs };
  const done = new Set<string>();
  for (const [stage, its] of Object.entries(state.stages)) {
    if (its.status === 'waiting' || ('kept' in its && its.kept !== undefined)) continue;
    done.add(stage);
    delete outputs[stage];
    if (its.status === 'succeeded') outputs[stage] = { ...its.outputs };
  }
  const older = (before?.artifacts ?? []).filter(
    ({ stage }) => !done.has(stage) && Object.hasOwn(outputs, stage),
  );
  const own = artifacts.filter(({ stage }) => done.has(stage) && Object.hasOwn(outputs, stage));
  return { runId: id, number, outputs, artifacts: [...older, ...own] };
}

/** How the stages to keep end before the run begins. The error names the one that has nothing to keep. */
export function keptEnds(
  stages: ReadonlySet<string>,
  from: string,
  last: LastRun | null,
  at: number,
): Result<Readonly<Record<string, StageEnd>>, string> {
  const ends: Record<string, StageEnd> = {};
  for (const stage of stages) {
    const outputs = last !== null && Object.hasOwn(last.outputs, stage) ? last.outputs[stage] : undefined;
    if (last === null || outputs === undefined) {
      return err(
        `--from ${from} stands on "${stage}", which has not succeeded here before: run it with --stage ${stage} first, or leave --from away`,
      );
    }
    ends[stage] = {
      status: 'succeeded',
      attempt: 1,
      startedAt: at,
      finishedAt: at,
      outputs,
      steps: [],
      reason: 'kept from the run before',
      kept: { runId: last.runId, number: last.number },
    };
  }
  return ok(ends);
}
