// From a target that was looked at to the new version's first replica.
import { guardProgress } from './enter-step.ts';
import { holdIfFrozen } from './freeze.ts';
import { sayGuard } from './guarded.ts';
import { askHooks } from './hooks.ts';
import { act, enter, say, stay, type Move } from './move.ts';
import type { Rollout, TargetFacts } from './rollout-state.ts';

/** When the hooks agree; where both versions must not run at once, the old one is stopped first. */
export function startReplacing(rollout: Rollout, facts: TargetFacts, at: number): Move {
  const old = facts.stable?.version ?? null;
  const known = stay({ ...rollout, replaces: old });
  return askHooks(known, 'confirm-rollout', { since: at }, (next) => startReplacingNow(next, at));
}

export function startReplacingNow(rollout: Rollout, at: number): Move {
  const frozen = holdIfFrozen(stay(rollout), { kind: 'start' }, at);
  if (frozen !== null) return frozen;
  const { replaces: old } = rollout;
  const { version, work } = rollout.spec;
  if (old === null || work.strategy !== 'recreate') return startDeploying(rollout, at);
  const entered = guardProgress(enter(stay(rollout), { name: 'stopping', since: at }));
  const line = `stopping ${old} before ${version} starts: nobody is served until ${version} is ready (strategy: recreate)`;
  return act(say(entered, line), { kind: 'stop-old' });
}

export function startDeploying(rollout: Rollout, at: number): Move {
  const { version, environment, work } = rollout.spec;
  const { replaces } = rollout;
  const beside = work.strategy === 'recreate' ? 'in place of' : 'beside';
  const line =
    replaces === null
      ? `deploying ${version}: nothing runs in ${environment} yet`
      : `deploying ${version} ${beside} ${replaces}`;
  const entered = enter(stay(rollout), { name: 'deploying', since: at });
  return act(guardProgress(sayGuard(say(entered, line))), { kind: 'deploy' });
}
