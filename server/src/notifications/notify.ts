import { wants, type EventKind, type NotifyEvent } from '@sluice/pipelines/notify/notify-event';
import { sharedScope, trustScope } from '@sluice/pipelines/plan/trust-scope';
import { rolloutNews } from '@sluice/pipelines/notify/rollout-news';
import type { RunCommand } from '@sluice/pipelines/run/run-state';
import type { Rollout } from '@sluice/pipelines/rollout/rollout-state';
import type { Unit } from '../orchestrator/unit.ts';
import { addNotifications, listChannels } from '../store/notification-store.ts';
import type { StoredRollout } from '../store/rollout-store.ts';
import { earlierStatus, type PlannedRun } from '../store/run-store.ts';

/**
 * Tells of it in every channel whose rules want it, and in those that are named, such as `dingtalk/release`, in this
 * transaction. The same `key` is told once in a channel.
 */
export async function notify(
  unit: Unit,
  key: string,
  event: NotifyEvent,
  named: readonly string[] = [],
): Promise<void> {
  const channels = await listChannels(unit.trx);
  const wanted = channels.filter(
    ({ rules, kind, name }) => wants(rules, event) || named.includes(`${kind}/${name}`),
  );
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
  // Of clusters the rollout that leads them tells.
  const news = stored.parent_id === null ? rolloutNews(stored.state, now.state) : null;
  if (news === null) return;
  const { spec, step } = now.state;
  const event = {
    ...aboutRun(unit, run, news.kind, news.reason),
    environment: stored.environment,
    subject: spec.version,
    path: `/rollouts/${stored.id}`,
  };
  const key = `rollout:${stored.id}:${news.oncePerStep ? `step-${step}` : now.lastEvent}`;
  await notify(unit, key, event, namedBy(run, spec.work.notify));
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
      const event = aboutRun(unit, run, 'approval-wanted', stage);
      await notify(unit, `approval:${run.id}:${stage}`, event, namedBy(run, run.content.plan.notify));
    }
    if (command.kind === 'finish-run') await notifyOfEnd(unit, run);
  }
}

async function notifyOfEnd(unit: Unit, run: PlannedRun): Promise<void> {
  const { status } = run.content.state;
  const named = namedBy(run, run.content.plan.notify);
  if (status === 'failed') {
    const failed = Object.entries(run.content.state.stages).flatMap(([stage, state]) =>
      state.status === 'failed' ? [`${stage}: ${state.failure.message}`] : [],
    );
    await notify(unit, `run:${run.id}`, aboutRun(unit, run, 'run-failed', failed[0] ?? ''), named);
  }
  if (status === 'succeeded' && (await earlierStatus(unit.trx, run)) === 'failed') {
    await notify(unit, `run:${run.id}`, aboutRun(unit, run, 'run-recovered', ''), named);
  }
}

/** Strangers choose nobody who is told of their runs. */
const namedBy = ({ trigger }: PlannedRun, named: readonly string[] = []): readonly string[] =>
  trustScope(trigger).write === sharedScope ? named : [];

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
