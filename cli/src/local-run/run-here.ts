// One prepared run from its beginning to its end, with everything that it makes removed.
import { randomUUID } from 'node:crypto';
import { wholePlan } from '@sluice/pipelines/plan/whole-plan';
import type { Secrets } from '@sluice/pipelines/plan/stage-secrets';
import type { LogLine, WorkerRecord } from '@sluice/pipelines/protocol/worker-api';
import type { ApprovalVote, RunEvent, RunState } from '@sluice/pipelines/run/run-state';
import { localAttempts } from './carry-out.ts';
import { foldRun } from './fold-run.ts';
import { rememberRun, writeLastRun, type LastRun } from './last-run.ts';
import { localDoor, type LocalArtifact } from './local-door.ts';
import type { LocalStore } from './local-store.ts';
import type { LogBook } from './log-book.ts';
import type { PreparedRun } from './prepare-run.ts';
import type { RunMachine } from './run-machine.ts';
import type { RunPicture } from './view/run-picture.ts';
import type { RunView } from './view/run-view.ts';

export interface HereOptions {
  readonly prepared: PreparedRun;
  readonly secrets: Secrets;
  readonly jobs: number;
  readonly machine: RunMachine;
  readonly store: LocalStore;
  readonly logs: LogBook;
  /** Of the project, for what later runs take from this one. */
  readonly folder: string;
  readonly last: LastRun | null;
  readonly openView: (picture: () => RunPicture | null) => RunView;
  /** Null: the question was given up with the run. */
  readonly ask: (stage: string, signal: AbortSignal) => Promise<ApprovalVote | null>;
  /** How often the person has asked for the end. */
  readonly stops: { readonly onStop: (listener: (times: number) => void) => void };
  readonly now: () => number;
}

export async function runHere(options: HereOptions): Promise<RunPicture> {
  const { prepared, machine, store, logs, now, last } = options;
  const { plan, kept } = prepared;
  const identity = { id: randomUUID(), number: (last?.number ?? 0) + 1 };
  const artifacts: LocalArtifact[] = (last?.artifacts ?? []).filter(({ stage }) => isKept(stage, kept));
  const over = new AbortController();
  let known: RunState | null = null;
  const picture = (): RunPicture | null =>
    known === null ? null : { plan: wholePlan(plan, known), state: known, logs: logs.ends, now: now() };
  const view = options.openView(picture);
  const seen = (show: (picture: RunPicture) => void): void => {
    const current = picture();
    if (current !== null) show(current);
  };
  const questions = askOneByOne(view, options.ask, over.signal, (stage, vote) =>
    run.fold({ kind: 'approval-voted', stage, vote, at: vote.at }),
  );
  for (const note of prepared.notes) view.say(note);
  const run = foldRun(
    plan,
    options.jobs,
    { kind: 'run-requested', at: now(), kept },
    {
      carryOut: (place, state) => attempts.carryOut(place, state),
      stop: (place, reason, isForced) => attempts.stop(place, reason, isForced),
      ask: questions,
      tell: (event, state) => {
        known = state;
        seen((current) => view.event(event, current));
      },
      now,
    },
  );

  const takeLog = (stage: string, step: number, lines: readonly LogLine[]): void => {
    logs.add(stage, lines);
    seen((current) => view.log(stage, step, lines, current));
  };
  const door = localDoor(store, {
    take: (attemptId, records) => {
      const place = attempts.placeOf(attemptId);
      if (place === null) return;
      for (const record of records) {
        if (record.kind === 'log') takeLog(place.stage, record.step, record.lines);
        else run.fold(eventOf(record, place));
      }
    },
    takeReports: () => {}, // the stage's log has their summary
    takeArtifact: (attemptId, artifact) => {
      const place = attempts.placeOf(attemptId);
      if (place !== null) artifacts.push({ ...artifact, ...place });
    },
    filesOf: (attemptId) =>
      `${logs.file(attempts.placeOf(attemptId)?.stage ?? 'run').replace(/\.log$/, '')}.files`,
  });
  const runAttempt = machine.run(door, (attemptId) => attempts.placeOf(attemptId)?.stage ?? attemptId);
  const attempts = localAttempts({
    run: { ...identity, plan, secrets: options.secrets },
    runAttempt,
    fold: run.fold,
    artifacts,
    now,
  });
  options.stops.onStop((times) => {
    over.abort();
    const at = now();
    if (times === 1) {
      view.say('stopping: steps have 10 s to end, then what they made is removed. Once more does not wait');
      run.fold({ kind: 'cancel-requested', by: 'you', reason: 'interrupted', at });
    } else {
      view.say('not waiting any longer');
      run.fold({ kind: 'cancel-forced', by: 'you', at });
    }
  });
  try {
    const state = await run.ended;
    over.abort();
    const shown = { plan: wholePlan(plan, state), state, logs: logs.ends, now: now() };
    const remembered = rememberRun(last, identity, state, artifacts);
    await writeLastRun(options.folder, remembered);
    await store.tidy(new Set(remembered.artifacts.map(({ sha256 }) => sha256)));
    view.close(shown);
    return shown;
  } finally {
    await machine.close(identity.id);
    await logs.close();
  }
}

const isKept = (stage: string, kept: PreparedRun['kept']): boolean =>
  Object.keys(kept).some((id) => stage === id || stage.startsWith(`${id} (`));

function eventOf(
  record: Exclude<WorkerRecord, { readonly kind: 'log' }>,
  place: { readonly stage: string; readonly attempt: number },
): RunEvent {
  switch (record.kind) {
    case 'step-started':
      return { kind: 'step-started', ...place, step: record.step, at: record.at };
    case 'step-finished': {
      const { step, result, exitCode, at } = record;
      return { kind: 'step-finished', ...place, step, result, exitCode, at };
    }
    case 'finished':
      return { kind: 'stage-finished', ...place, outcome: record.outcome, at: record.at };
  }
}

/** One question stands on the screen at a time, and nothing is drawn over it. */
function askOneByOne(
  view: RunView,
  ask: HereOptions['ask'],
  signal: AbortSignal,
  answer: (stage: string, vote: ApprovalVote) => void,
): (stage: string) => void {
  let before: Promise<void> = Promise.resolve();
  const askOne = async (stage: string): Promise<void> => {
    if (signal.aborted) return;
    view.pause();
    const vote = await ask(stage, signal).finally(view.resume);
    if (vote !== null) answer(stage, vote);
  };
  return (stage) => {
    before = before.then(() => askOne(stage)).catch(() => undefined);
  };
}
