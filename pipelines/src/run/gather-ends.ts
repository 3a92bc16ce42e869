import { isStageEnd, type RunState, type StageEnd } from './run-state.ts';

/**
 * How a stage ends that has no attempt of its own, when all that it stands for have. `at`: when the last one did;
 * `called`: what they are, for people.
 */
export function gatherEnds(
  state: RunState,
  members: readonly string[],
  at: number,
  called: 'combinations' | 'stages',
  outputsOf: (ends: readonly StageEnd[]) => Readonly<Record<string, string>>,
): StageEnd {
  const ends = members.flatMap((id) => {
    const end = state.stages[id];
    return end !== undefined && isStageEnd(end) ? [{ id, end }] : [];
  });
  const failed = ends.flatMap(({ id, end }) => (end.status === 'failed' ? [{ id, end }] : []));
  const startedAt = ends.reduce(
    (first, { end }) => ('startedAt' in end ? Math.min(first, end.startedAt) : first),
    at,
  );
  const worst = failed.find(({ end }) => !end.allowed) ?? failed[0];
  const cancelled = ends.find(({ end }) => end.status === 'cancelled');
  if (worst !== undefined && (!worst.end.allowed || cancelled === undefined)) {
    const names = failed.filter(({ end }) => end.allowed === worst.end.allowed).map(({ id }) => id);
    const message = `${names.length} of ${members.length} ${called} failed: ${listOf(names)}`;
    return {
      status: 'failed',
      attempt: 1,
      startedAt,
      finishedAt: at,
      failure: { class: worst.end.failure.class, message, exitCode: worst.end.failure.exitCode },
      steps: [],
      allowed: worst.end.allowed,
    };
  }
  if (cancelled?.end.status === 'cancelled')
    return { status: 'cancelled', finishedAt: at, reason: cancelled.end.reason, steps: [] };
  const [first] = ends;
  if (first?.end.status === 'skipped' && ends.every(({ end }) => end.status === 'skipped'))
    return { status: 'skipped', finishedAt: at, reason: first.end.reason };
  const count = ends.filter(({ end }) => end.status === 'succeeded').length;
  const reason = `${count} of ${members.length} ${called} succeeded${count < ends.length ? ', the others were skipped' : ''}`;
  const outputs = outputsOf(ends.map(({ end }) => end));
  return { status: 'succeeded', attempt: 1, startedAt, finishedAt: at, outputs, steps: [], reason };
}

/** The first few, for messages. */
export function listOf(names: readonly string[]): string {
  const shown = names.slice(0, 5).join(', ');
  return names.length > 5 ? `${shown} and ${names.length - 5} more` : shown;
}
