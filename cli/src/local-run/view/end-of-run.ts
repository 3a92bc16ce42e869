import type { StageState } from '@sluice/pipelines/run/run-state';
import pc from 'picocolors';
import { paint } from './draw-run.ts';
import { safeText } from './fit-text.ts';
import { duration } from '../../duration.ts';
import { signs, type RunPicture } from './run-picture.ts';

export interface StageLogs {
  readonly tail: (stage: string) => readonly string[];
  readonly file: (stage: string) => string;
}

/**
 * What stands on the screen when a run has ended: of each failed stage its last lines and where the whole log is, then how
 * the run ended. `withLogs` false: the lines stand there already.
 */
export function endOfRun(
  { plan, state, logs }: RunPicture,
  { tail, file }: StageLogs,
  { colour, withLogs }: { readonly colour: boolean; readonly withLogs: boolean },
): readonly string[] {
  const colours = pc.createColors(colour);
  const failed = plan.stages.flatMap(({ id, work }) => {
    const its = state.stages[id];
    return its?.status === 'failed' && work.kind !== 'matrix' ? [{ id, its }] : [];
  });
  const told = failed.flatMap(({ id, its }) => {
    const shown = withLogs ? tail(id) : [];
    const total = logs.get(id)?.lines ?? 0;
    const left = total - shown.length;
    const path = total === 0 ? [] : [colours.dim(`the whole log of ${id}: ${file(id)}`)];
    const why = `${its.allowed ? 'allowed to fail: ' : ''}${id}: ${safeText(its.failure.message, false)}`;
    return [
      ...(withLogs ? ['', colours.bold(`${signs.failed} ${id}`)] : []),
      ...(withLogs && left > 0 ? [colours.dim(`… ${left} lines before`)] : []),
      ...shown.map((line) => safeText(line, colour)),
      ...(shown.includes(its.failure.message) ? [] : [paint(why, its, colour)]),
      ...path,
    ];
  });
  const took = duration((state.finishedAt ?? state.startedAt) - state.startedAt);
  return [
    ...told,
    '',
    paintEnd(`${plan.pipeline} ${state.status} in ${took}: ${counts(state.stages)}`, state.status, colour),
  ];
}

function paintEnd(text: string, status: RunPicture['state']['status'], colour: boolean): string {
  const colours = pc.createColors(colour);
  return status === 'succeeded'
    ? colours.green(text)
    : status === 'failed'
      ? colours.red(text)
      : colours.yellow(text);
}

function counts(stages: Readonly<Record<string, StageState>>): string {
  const numbers = new Map<string, number>();
  for (const { status } of Object.values(stages)) numbers.set(status, (numbers.get(status) ?? 0) + 1);
  return [...numbers].map(([status, number]) => `${number} ${status}`).join(', ');
}
