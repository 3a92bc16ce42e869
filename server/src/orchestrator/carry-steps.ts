import { unreachable } from '@sluice/pipelines/result';
import type { ServerContext } from '../context.ts';
import {
  postponeInOutbox,
  removeFromOutbox,
  stepKinds,
  takeFromOutbox,
  type StepCommand,
} from '../store/outbox-store.ts';
import { abortRollout } from './abort-rollout.ts';
import { endClusterRollout, startClusterRollout, steerClusterRollout } from './cluster-rollouts.ts';
import { cancelRollout } from './cancel-rollout.ts';
import { giveTurn } from './give-turn.ts';
import { tellFreeze } from './hear-freeze.ts';
import { activateNextRollout } from './next-rollout.ts';
import { startRolloutOfStage } from './start-rollout.ts';
import { inUnit, type Unit } from './unit.ts';

const restMs = 1_000;
const longestDelayMs = 60_000;

/** Carries out the outbox's steps, each in its own transaction; one that fails does not hold up the others. */
export async function carrySteps(context: ServerContext): Promise<number> {
  while (await carryOne(context));
  return restMs;
}

async function carryOne(context: ServerContext): Promise<boolean> {
  let current: { readonly id: number; readonly tries: number; readonly command: StepCommand } | undefined;
  try {
    return await inUnit(context, async (unit) => {
      [current] = await takeFromOutbox<StepCommand>(unit.trx, stepKinds, { now: context.now(), limit: 1 });
      if (current === undefined) return false;
      await removeFromOutbox(unit.trx, [current.id]);
      await carry(unit, current.command);
      return true;
    });
  } catch (error) {
    if (current === undefined) throw error;
    const { id, tries, command } = current;
    const delayMs = Math.min(longestDelayMs, 250 * 2 ** tries);
    context.log.error({ err: error, command, tries }, 'a step failed and will be tried again');
    await inUnit(context, ({ trx, at }) => postponeInOutbox(trx, id, tries + 1, at + delayMs));
    return true;
  }
}

function carry(unit: Unit, command: StepCommand): Promise<void> {
  switch (command.kind) {
    case 'start-rollout':
      return startRolloutOfStage(unit, command);
    case 'cancel-rollout':
      return cancelRollout(unit, command);
    case 'abort-rollout':
      return abortRollout(unit, command);
    case 'next-rollout':
      return activateNextRollout(unit, command.environment);
    case 'start-cluster':
      return startClusterRollout(unit, command);
    case 'return-cluster':
    case 'leave-cluster':
      return endClusterRollout(unit, command);
    case 'steer-cluster':
      return steerClusterRollout(unit, command);
    case 'freeze-changed':
      return tellFreeze(unit, command);
    case 'give-turn':
      return giveTurn(unit, command);
    default:
      return unreachable(command);
  }
}
