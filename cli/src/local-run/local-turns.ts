// The lines of concurrency groups where there is one run only: its stages wait for each other, and it for nobody.
import type { Plan } from '@sluice/pipelines/plan/plan';
import { wholePlan } from '@sluice/pipelines/plan/whole-plan';
import { isStageEnd, type RunEvent, type RunState } from '@sluice/pipelines/run/run-state';
import { decideTurns, type Ticket } from '@sluice/pipelines/schedule/decide-turns';
import { groupsOf } from '@sluice/pipelines/schedule/groups-of';

export interface LocalTurns {
  /** The run (null) or a stage of it stands in its line from now on. */
  readonly request: (stage: string | null) => void;
  /** Whose turn it has become, or who goes without. */
  readonly decide: (plan: Plan, state: RunState, at: number) => readonly RunEvent[];
}

export function localTurns(): LocalTurns {
  const waiting = new Set<string | null>();
  const holding = new Set<string | null>();
  return {
    request: (stage) => void waiting.add(stage),
    decide: (plan, state, at) => {
      if (waiting.size === 0) return [];
      const events: RunEvent[] = [];
      const tickets = new Map<string, Ticket[]>();
      for (const { stage, group, whenBusy } of groupsOf(wholePlan(plan, state))) {
        const ended = stage !== null && isOver(state, stage);
        if (ended) {
          waiting.delete(stage);
          holding.delete(stage);
          continue;
        }
        const ticketState = holding.has(stage) ? 'holding' : waiting.has(stage) ? 'waiting' : 'ahead';
        const line = tickets.get(group) ?? [];
        line.push({ runId: '', runNumber: 1, stage, state: ticketState, whenBusy, waitsForPerson: false });
        tickets.set(group, line);
      }
      for (const [group, line] of tickets) {
        const { grant, skip } = decideTurns(line);
        for (const { ticket, busyWith } of skip) {
          waiting.delete(ticket.stage);
          if (ticket.stage === null) continue;
          const reason = `concurrency group "${group}" is busy with ${busyWith.stage ?? 'this run'}, and its when_busy says skip`;
          events.push({ kind: 'turn-refused', stage: ticket.stage, reason, at });
        }
        if (grant === null) continue;
        waiting.delete(grant.stage);
        holding.add(grant.stage);
        events.push({ kind: 'turn-granted', stage: grant.stage, at });
      }
      return events;
    },
  };
}

function isOver(state: RunState, stage: string): boolean {
  const its = state.stages[stage];
  return its !== undefined && isStageEnd(its);
}
