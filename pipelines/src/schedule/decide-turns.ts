// Whose turn it is in a concurrency group. One has the turn at a time; the order is that of the runs, also for a run
// that has not reached its stage yet, unless it waits for a person.
//
//   ahead ─► waiting ─► holding ─► (gone: its run or stage has ended)
//
import type { WhenBusy } from '../language/definition.ts';

export interface Ticket {
  readonly runId: string;
  readonly runNumber: number;
  /** Null: the whole run. */
  readonly stage: string | null;
  readonly state: 'ahead' | 'waiting' | 'holding';
  readonly whenBusy: WhenBusy;
  /** Its run waits for an approval or a decision: it holds nobody up before its turn. */
  readonly waitsForPerson: boolean;
}

export interface Turns {
  /** At most one. */
  readonly grant: Ticket | null;
  readonly cancel: readonly { readonly ticket: Ticket; readonly newer: Ticket }[];
  readonly skip: readonly { readonly ticket: Ticket; readonly busyWith: Ticket }[];
}

/** Decides for one group, from all its tickets. Deciding again from the same tickets gives the same. */
export function decideTurns(tickets: readonly Ticket[]): Turns {
  const inOrder = tickets.toSorted(compareTickets);
  const cancel = inOrder.flatMap((ticket) => {
    const newer = inOrder.findLast(
      (each) =>
        each.state !== 'ahead' && each.whenBusy === 'cancel_older' && each.runNumber > ticket.runNumber,
    );
    return newer === undefined ? [] : [{ ticket, newer }];
  });
  const cancelled = new Set(cancel.map(({ ticket }) => ticket));
  const left = inOrder.filter((ticket) => !cancelled.has(ticket) || ticket.state === 'holding');
  const skip = left.flatMap((ticket) => {
    if (ticket.state !== 'waiting' || ticket.whenBusy !== 'skip') return [];
    const busyWith = left.find((each) => each.state !== 'ahead' && blocks(each, ticket));
    return busyWith === undefined ? [] : [{ ticket, busyWith }];
  });
  const skipped = new Set(skip.map(({ ticket }) => ticket));
  const waiting = left.filter((ticket) => ticket.state === 'waiting' && !skipped.has(ticket));
  const candidates = left.filter((ticket) => !skipped.has(ticket));
  const grant = waiting.find((ticket) => !candidates.some((each) => blocks(each, ticket))) ?? null;
  return { grant, cancel, skip };
}

/** Those that must be gone before it is this ticket's turn, in the order of their turns. */
export function ticketsBefore(tickets: readonly Ticket[], ticket: Ticket): readonly Ticket[] {
  return tickets.toSorted(compareTickets).filter((each) => blocks(each, ticket));
}

function blocks(other: Ticket, ticket: Ticket): boolean {
  if (other.runId === ticket.runId) {
    // What a run holds as a whole, its stages need not wait for.
    if (other.stage === null || other.stage === ticket.stage) return false;
    return other.state === 'holding' || (other.state === 'waiting' && compareTickets(other, ticket) < 0);
  }
  if (other.state === 'holding') return true;
  if (other.runNumber > ticket.runNumber) return false;
  return other.state === 'waiting' || !other.waitsForPerson;
}

function compareTickets(a: Ticket, b: Ticket): number {
  return a.runNumber - b.runNumber || compareText(a.stage ?? '', b.stage ?? '');
}

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
