// A rollout as a ladder: what has been, what is now, what comes. The page and the command line show the same.
import type { DeployWork, RolloutStep } from '../language/definition.ts';
import { unreachable } from '../result.ts';
import { formatDuration, formatPercent } from './figures.ts';
import type { AskingHooks, Rollout } from './rollout-state.ts';
import { matchInWords } from './traffic.ts';

export type Standing = 'done' | 'now' | 'next' | 'later' | 'stopped' | 'never';

export type Rung = Unplaced & { readonly standing: Standing };

/** The rollout from its first step to the end, with where it stands. */
export function ladderOf(rollout: Rollout): readonly Rung[] {
  const { work } = rollout.spec;
  const rungs: Unplaced[] = [
    ...(work.strategy === 'recreate' ? [{ kind: 'stop' as const }] : []),
    ...work.steps.map((step) => ({ kind: 'step' as const, step })),
    ...(work.afterwards === 'end' ? [{ kind: 'end' as const }] : promotionOf(work)),
  ];
  const { at, isThere } = positionOf(rollout, rungs);
  const end = endOf(rollout);
  return rungs.map((rung, index) => ({ ...rung, standing: standingOf(index, at, isThere, end) }));
}

type Unplaced =
  /** Of the old version, before the new one starts. */
  | { readonly kind: 'stop' }
  | { readonly kind: 'step'; readonly step: RolloutStep }
  | { readonly kind: 'promote' }
  | { readonly kind: 'bake'; readonly forMs: number }
  | { readonly kind: 'retire' }
  /** The new version was only to be seen. */
  | { readonly kind: 'end' };

function promotionOf({ bakeMs }: DeployWork): readonly Unplaced[] {
  const bake = bakeMs > 0 ? [{ kind: 'bake' as const, forMs: bakeMs }] : [];
  return [{ kind: 'promote' }, ...bake, { kind: 'retire' }];
}

function standingOf(index: number, at: number, isThere: boolean, end: 'good' | 'bad' | null): Standing {
  if (end === 'good' || index < at) return 'done';
  if (end === 'bad') return index === at ? 'stopped' : 'never';
  if (index === at) return isThere ? 'now' : 'next';
  return index === at + 1 && isThere ? 'next' : 'later';
}

/** Index of the rung that is under way (`isThere`) or comes first. */
function positionOf(
  rollout: Rollout,
  rungs: readonly Unplaced[],
): { readonly at: number; readonly isThere: boolean } {
  const find = (kind: Unplaced['kind']) => rungs.findIndex((rung) => rung.kind === kind);
  switch (rollout.phase.name) {
    case 'planned':
    case 'inspecting':
      return { at: 0, isThere: false };
    case 'asking-hooks':
      return askingAt(rollout.phase.type, rungs.length, find('promote'), find('stop') + 1);
    case 'stopping':
      return { at: find('stop'), isThere: true };
    case 'deploying':
      return { at: find('stop') + 1, isThere: false };
    case 'frozen':
      if (rollout.phase.next.kind === 'step') return { at: find('stop') + 1 + rollout.step, isThere: false };
      return { at: rollout.phase.next.kind === 'promotion' ? find('promote') : 0, isThere: false };
    case 'promoting':
      return { at: find('promote'), isThere: true };
    case 'baking':
      return { at: find('bake'), isThere: true };
    case 'retiring':
      return { at: find('retire'), isThere: true };
    default:
      return { at: find('stop') + 1 + rollout.step, isThere: true };
  }
}

/** Hooks are asked between the rungs. */
function askingAt(type: AskingHooks['type'], all: number, promotion: number, first: number) {
  if (type === 'post-rollout') return { at: all, isThere: false };
  if (type === 'confirm-promotion') return { at: promotion, isThere: false };
  return { at: type === 'pre-rollout' ? first : 0, isThere: false };
}

function endOf({ phase }: Rollout): 'good' | 'bad' | null {
  if (phase.name === 'succeeded') return 'good';
  if (phase.name === 'rolling-back' && phase.planned === true) return null;
  if (phase.name === 'rolled-back' && phase.planned === true) return 'good';
  const isBad =
    phase.name === 'rolling-back' ||
    phase.name === 'rollback-blocked' ||
    phase.name === 'rolled-back' ||
    phase.name === 'refused';
  return isBad ? 'bad' : null;
}

/** `10 % of the traffic`, `analysis for up to 5 minutes`: for the command line; the page has its own languages. */
export function rungInWords(rung: Rung): string {
  switch (rung.kind) {
    case 'stop':
      return 'stop the old version';
    case 'promote':
      return 'all traffic to the new version';
    case 'bake':
      return `keep the old version for ${formatDuration(rung.forMs)}`;
    case 'retire':
      return 'remove the old version';
    case 'end':
      return 'remove the new version, as planned';
    case 'step':
      return stepInWords(rung.step);
    default:
      return unreachable(rung);
  }
}

function stepInWords(step: RolloutStep): string {
  switch (step.kind) {
    case 'set-weight':
      return `${formatPercent(step.percent)} of the traffic`;
    case 'set-route':
      return matchInWords(step.match);
    case 'set-mirror':
      return `copies of ${formatPercent(step.percent)} of the requests`;
    case 'pause':
      return step.forMs === null ? 'pause until resumed' : `pause for ${formatDuration(step.forMs)}`;
    case 'analysis':
      return `analysis for ${step.whole === true ? '' : 'up to '}${formatDuration(step.forMs)}`;
    case 'approve':
      return step.approval.count === 1 ? 'approval' : `${step.approval.count} approvals`;
    default:
      return unreachable(step);
  }
}
