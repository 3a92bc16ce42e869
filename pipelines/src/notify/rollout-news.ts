import type { Rollout } from '../rollout/rollout-state.ts';
import { listed } from '../rollout/fleet/plan-waves.ts';
import { isUrgent, type EventKind } from './notify-event.ts';

export interface RolloutNews {
  readonly kind: EventKind;
  readonly reason: string;
  /** Of its kind and its like, one is told at each step; what needs a person is told whenever it comes. */
  readonly oncePerStep: boolean;
}

/** What people are told when a rollout has gone from one state to another: at most one thing a change. */
export function rolloutNews(before: Rollout, now: Rollout): RolloutNews | null {
  const news = newsOf(before, now);
  if (news === null) return null;
  const isOver = now.phase.name === 'succeeded' || now.phase.name === 'rolled-back';
  return { ...news, oncePerStep: !isOver && !isUrgent(news.kind) };
}

function newsOf(before: Rollout, now: Rollout): Pick<RolloutNews, 'kind' | 'reason'> | null {
  const { phase } = now;
  const asking = clustersThatAsk(now);
  if (asking.length > clustersThatAsk(before).length) {
    return { kind: 'approval-wanted', reason: `clusters ${listed(asking)}` };
  }
  const held = now.fleet?.held;
  if (held !== undefined && held.word !== before.fleet?.held?.word) {
    return { kind: 'rollout-held', reason: `${held.by}: ${held.reason}` };
  }
  const isNew = before.phase.name !== phase.name || before.step !== now.step;
  if (!isNew) return null;
  switch (phase.name) {
    case 'setting-weight':
      return { kind: 'rollout-step', reason: `${now.weightPercent} %` };
    case 'awaiting-approval':
      return { kind: 'approval-wanted', reason: now.verdict?.reason ?? '' };
    case 'held':
      return { kind: 'rollout-held', reason: phase.reason };
    case 'paused':
      // That a wave waits for a person was told when that person said so.
      return phase.held === undefined || phase.held.next.kind === 'wave'
        ? null
        : { kind: 'rollout-held', reason: `${phase.held.by}: ${phase.held.reason}` };
    case 'frozen':
      return { kind: 'rollout-frozen', reason: phase.reason };
    case 'succeeded':
      return { kind: 'rollout-promoted', reason: '' };
    case 'rolled-back':
      // What was only to be tried ends like this as planned.
      return { kind: phase.planned === true ? 'rollout-step' : 'rollout-rolled-back', reason: phase.reason };
    case 'rollback-blocked':
      return { kind: 'rollback-blocked', reason: `${phase.problem} (${phase.reason})` };
    default:
      return null;
  }
}

/** Of a rollout over several clusters: those that wait for an approval, when all that goes on in the wave does. */
function clustersThatAsk({ fleet, phase }: Rollout): readonly string[] {
  if (fleet === undefined || phase.name !== 'delivering') return [];
  const open = Object.entries(fleet.clusters).filter(([, { status }]) => status === 'delivering');
  return open.every(([, { asks }]) => asks === true) ? open.map(([name]) => name) : [];
}
