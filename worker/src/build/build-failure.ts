// What BuildKit says of a failed build, told to the pipeline's author.
import type { BuildWork } from '@sluice/pipelines/language/definition';
import type { StageOutcome } from '@sluice/pipelines/run/run-state';
import { failed } from '../stages/failed-outcome.ts';
import type { FailedStep } from './build-progress.ts';

export interface FailedBuild {
  /** The engine's own words. */
  readonly error: string;
  /** Null: it failed before or between the steps. */
  readonly step: FailedStep | null;
}

/** A base image that cannot be had is `image-pull`; everything else is the author's `failed`. */
export function buildFailure(
  { error, step }: FailedBuild,
  work: Pick<BuildWork, 'file' | 'target' | 'platform'>,
): StageOutcome {
  const reason = withoutPreamble(step === null || step.error === '' ? error : step.error);
  if (/exec format error/.test(`${reason} ${step?.lastLines.join(' ') ?? ''}`)) {
    return failed(
      `${work.file}: the engine of this worker cannot run commands of ${work.platform ?? 'the platform of the base image'}. Install an emulation on its host (binfmt_misc with QEMU), or give the stage a pool of workers of that platform.`,
    );
  }
  const base = step === null ? null : baseImage(step.name);
  if (base !== null) {
    return failed(
      `The base image ${base} cannot be pulled: ${reason}. Check its name in ${work.file}, that the engine reaches its registry, and the credentials for it.`,
      'image-pull',
    );
  }
  const target = /target stage (\S+) could not be found/.exec(error);
  if (target !== null) {
    return failed(`${work.file} has no stage named ${target[1]}: correct "target" of the build stage.`);
  }
  if (step === null) return failed(`${work.file} cannot be built: ${reason}`);
  const exitCode = /exit code: (\d+)/.exec(reason)?.[1];
  return failed(
    [
      exitCode === undefined
        ? `${work.file}: the step ${step.name} failed: ${reason}`
        : `${work.file}: the step ${step.name} ended with exit code ${exitCode}`,
      ...step.lastLines.map((line) => `  ${line}`),
    ].join('\n'),
    'failed',
    exitCode === undefined ? null : Number(exitCode),
  );
}

/** The image that a step fetches: its metadata, its layers, or the frontend of a `# syntax=` line. */
function baseImage(step: string): string | null {
  const found =
    /^\[internal\] load metadata for (\S+)/.exec(step) ??
    /^resolve image config for (\S+)/.exec(step) ??
    /^docker-image:\/\/(\S+)/.exec(step) ??
    /^\[[^\]]*\] FROM (\S+)/.exec(step);
  return found?.[1] ?? null;
}

function withoutPreamble(error: string): string {
  return error.replace(
    /^(failed to solve( with frontend \S+)?: |failed to create LLB definition: |rpc error: code = \w+ desc = )+/,
    '',
  );
}
