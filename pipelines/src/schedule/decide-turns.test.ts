import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decideTurns, type Ticket } from './decide-turns.ts';

const ticket = (runNumber: number, has: Partial<Ticket> = {}): Ticket => ({
  runId: `run-${runNumber}`,
  runNumber,
  stage: null,
  state: 'waiting',
  whenBusy: 'queue',
  waitsForPerson: false,
  ...has,
});

describe('a concurrency group', () => {
  test('gives its turn to the oldest run, and to one at a time', () => {
    const [first, second] = [ticket(1), ticket(2)];
    expect(decideTurns([second, first]).grant).toBe(first);
    expect(decideTurns([second, { ...first, state: 'holding' }]).grant).toBeNull();
    expect(decideTurns([second]).grant).toBe(second);
  });

  test('waits for an older run that has not reached its stage yet', () => {
    const older = ticket(1, { stage: 'deploy', state: 'ahead' });
    const newer = ticket(2, { stage: 'deploy' });
    expect(decideTurns([older, newer]).grant).toBeNull();
  });

  test('is not held up by an older run that waits for a person', () => {
    const older = ticket(1, { stage: 'deploy', state: 'ahead', waitsForPerson: true });
    const newer = ticket(2, { stage: 'deploy' });
    expect(decideTurns([older, newer]).grant).toBe(newer);
  });

  test('that a run holds as a whole is free for its own stages, one after the other', () => {
    const run = ticket(1, { state: 'holding' });
    const [a, b] = [ticket(1, { stage: 'a' }), ticket(1, { stage: 'b' })];
    expect(decideTurns([run, a, b, ticket(2)]).grant).toBe(a);
    expect(decideTurns([run, { ...a, state: 'holding' }, b]).grant).toBeNull();
  });

  test('with cancel_older ends every older one, and begins when the holder has ended', () => {
    const holder = ticket(1, { state: 'holding' });
    const waiter = ticket(2);
    const newer = ticket(3, { whenBusy: 'cancel_older' });
    expect(decideTurns([holder, waiter, newer])).toEqual({
      grant: null,
      cancel: [
        { ticket: holder, newer },
        { ticket: waiter, newer },
      ],
      skip: [],
    });
    expect(decideTurns([newer]).grant).toBe(newer);
  });

  test('with skip does not run beside another one', () => {
    const holder = ticket(1, { state: 'holding' });
    const newer = ticket(2, { whenBusy: 'skip' });
    expect(decideTurns([holder, newer]).skip).toEqual([{ ticket: newer, busyWith: holder }]);
    expect(decideTurns([newer])).toEqual({ grant: newer, cancel: [], skip: [] });
  });
});

const anyTicket = (runNumber: number): fc.Arbitrary<Ticket> =>
  fc.record({
    runId: fc.constant(`run-${runNumber}`),
    runNumber: fc.constant(runNumber),
    stage: fc.constantFrom(null, 'deploy'),
    state: fc.constantFrom('ahead' as const, 'waiting' as const),
    whenBusy: fc.constantFrom('queue' as const, 'cancel_older' as const, 'skip' as const),
    waitsForPerson: fc.boolean(),
  });
const someTickets = fc
  .integer({ min: 1, max: 6 })
  .chain((count) => fc.tuple(...Array.from({ length: count }, (_, index) => anyTicket(index + 1))));

test('one run holds a group at a time, in the order of the runs, and everyone is served or told why not', () => {
  fc.assert(
    fc.property(someTickets, (start) => {
      let tickets: readonly Ticket[] = start;
      const served: { readonly number: number; readonly beside: number }[] = [];
      for (let round = 0; tickets.length > 0; round += 1) {
        expect(round).toBeLessThan(50);
        const { grant, cancel, skip } = decideTurns(tickets);
        const gone = new Set([...cancel.map((each) => each.ticket), ...skip.map((each) => each.ticket)]);
        if (grant !== null) {
          served.push({
            number: grant.runNumber,
            beside: tickets.filter(({ state }) => state === 'holding').length,
          });
        }
        const next = tickets
          .filter((each) => !gone.has(each))
          .map((each): Ticket => (each === grant ? { ...each, state: 'holding' } : each));
        // Nothing to decide: the holder ends, or the oldest run reaches its stage.
        const isStill = grant === null && gone.size === 0;
        const [oldest] = next;
        const holder = next.find(({ state }) => state === 'holding');
        tickets = !isStill
          ? next
          : holder !== undefined
            ? next.filter((each) => each !== holder)
            : next.map((each): Ticket => (each === oldest ? { ...each, state: 'waiting' } : each));
      }
      expect(served.every(({ beside }) => beside === 0)).toBe(true);
      const mayOvertake = start.some(({ waitsForPerson }) => waitsForPerson);
      const order = served.map(({ number }) => number);
      expect(mayOvertake ? [] : order).toEqual(mayOvertake ? [] : order.toSorted((a, b) => a - b));
    }),
  );
});
