import type { StageWork } from '../language/definition.ts';
import { findStage } from '../run/find-stage.ts';
import type { Plan } from './plan.ts';

/** The stages that one stands for, and with which it ends; empty: it has work of its own, or does not know them yet. */
export const membersOf = (work: StageWork | undefined): readonly string[] =>
  work?.kind === 'matrix' || work?.kind === 'use' ? (work.stages ?? []) : [];

/** Those with work of their own for which a stage stands, also through others; empty: it has its own. */
export function leavesOf(plan: Plan, id: string): readonly string[] {
  const members = membersOf(findStage(plan, id)?.work);
  return members.flatMap((member) => {
    const inner = leavesOf(plan, member);
    return inner.length === 0 ? [member] : inner;
  });
}
