import { wants, type EventKind, type NotifyEvent } from '@sluice/pipelines/notify/notify-event';
import { rolloutNews } from '@sluice/pipelines/notify/rollout-news';
import type { RunCommand } from '@sluice/pipelines/run/run-state';
import type { Rollout } from '@sluice/pipelines/rollout/rollout-state';
import type { Unit } from '../orchestrator/unit.ts';
import { addNotifications, listChannels } from '../store/notification-store.ts';
import type { StoredRollout } from '../store/rollout-store.ts';
import { earlierStatus, type PlannedRun } from '../store/run-store.ts';

/** Tells of it in every channel whose rules want it, in this transaction. The same `key` is told once in a channel. */
export async function notify(unit: Unit, key: string, event: NotifyEvent): Promise<void> {
  const channels = await listChannels(unit.trx);
  const wanted = channels.filter(({ rules }) => wants(rules, event));
  await addNotifications(
    unit.trx,
    wanted.map(({ name }) => ({ id: unit.newId(), channel: name, key, event })),
  );
}

export async function notifyOfRollout(
  unit: Unit,
  run: PlannedRun,
  stored: StoredRollout,
  now: { readonly state: Rollout; readonly lastEvent: number },
): Promise<void> {
  const news = rolloutNews(stored.state, now.state);
  if (news === null) return;
  await notify(unit, `rollout:${stored.id}:${now.lastEvent}`, {
    ...aboutRun(unit, run, news.kind, news.reason),
    environment: stored.environment,
    subject: now.state.spec.version,
    path: `/rollouts/${stored.id}`,
  });
}

/** Of approve stages that begin to wait, and of the run's end. */
export async function notifyOfRun(
  unit: Unit,
  run: PlannedRun,
  commands: readonly RunCommand[],
): Promise<void> {
  for (const command of commands) {
    if (command.kind === 'request-approval') {
      const { stage } = command;
      await notify(unit, `approval:${run.id}:${stage}`, aboutRun(unit, run, 'approval-wanted', stage));
    }
    if (command.kind === 'finish-run') await notifyOfEnd(unit, run);
  }
}

async function notifyOfEnd(unit: Unit, run: PlannedRun): Promise<void> {
  const { status } = run.content.state;
  if (status === 'failed') {
    const failed = Object.entries(run.content.state.stages).flatMap(([stage, state]) =>
      state.status === 'failed' ? [`${stage}: ${state.failure.message}`] : [],
    );
    await notify(unit, `run:${run.id}`, aboutRun(unit, run, 'run-failed', failed[0] ?? ''));
  }
  if (status === 'succeeded' && (await earlierStatus(unit.trx, run)) === 'failed') {
    await notify(unit, `run:${run.id}`, aboutRun(unit, run, 'run-recovered', ''));
  }
}

function aboutRun({ at }: Unit, run: PlannedRun, kind: EventKind, reason: string): NotifyEvent {
  const { trigger } = run;
  return {
    kind,
    project: run.project,
    repository: trigger.repository,
    environment: null,
    subject: run.pipeline,
    run: { number: run.number, ref: trigger.event === 'tag' ? trigger.tag : trigger.branch },
    path: `/runs/${run.id}`,
    reason,
    at,
  };
}
