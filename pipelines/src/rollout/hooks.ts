// The hooks of a stage: which are asked when, and what they are called.
import type { Hook, HookType } from '../language/definition.ts';
import { act, enter, type Move } from './move.ts';
import type { ActionResult, AskingHooks, Rollout } from './rollout-state.ts';

export type Answer = Extract<ActionResult, { result: 'answered' }>;

export function hooksOf({ spec }: Pick<Rollout, 'spec'>, ...types: readonly HookType[]): readonly Hook[] {
  return (spec.work.hooks ?? []).filter(({ type }) => types.includes(type));
}

export function hookNamed(rollout: Rollout, name: string): Hook | undefined {
  return rollout.spec.work.hooks?.find((hook) => hook.name === name);
}

/** Asks the hooks of a type, the first one first; `otherwise` where there are none. */
export function askHooks(
  move: Move,
  type: AskingHooks['type'],
  about: Pick<AskingHooks, 'since' | 'promotion' | 'ending'>,
  otherwise: (rollout: Rollout) => Move,
): Move {
  const [first] = hooksOf(move.rollout, type);
  if (first !== undefined) {
    const entered = enter(move, { name: 'asking-hooks', type, index: 0, ...about });
    return act(entered, { kind: 'call-hook', hook: first.name });
  }
  const { rollout, commands } = otherwise(move.rollout);
  return { rollout, commands: [...move.commands, ...commands] };
}

/** `the hook "smoke" (pre-rollout) refuses: answered 500: no database` */
export const refusal = ({ name, type }: Hook, { message }: Pick<Answer, 'message'>): string =>
  `the hook "${name}" (${type}) refuses: ${message}`;
