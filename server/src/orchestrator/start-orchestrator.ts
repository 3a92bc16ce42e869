import type { ServerContext } from '../context.ts';
import { openQueues } from '../queue/queues.ts';
import { carrySteps } from './carry-steps.ts';
import { countOrphans } from './count-orphans.ts';
import { dispatch as dispatchWork } from './dispatch.ts';
import { fireTimers } from './fire-timers.ts';
import { startPump } from './pump.ts';
import { queueReconciler } from './reconcile.ts';
import { sweepKeptFiles } from './sweep-kept-files.ts';
import { runReconciler } from './reconcile-runs.ts';
import { leaseWatcher } from './watch-leases.ts';

/**
 * Starts what happens by itself: outbox, timers, leases, reconciliation. Several servers may do so on one
 * database. Closing waits for the work under way; whatever is left is found by the next start.
 */
export function startOrchestrator(context: ServerContext): { close(): Promise<void> } {
  const { log } = context;
  const queues = openQueues(context);
  const dispatch = startPump({ name: 'dispatch', log, work: () => dispatchWork(context, queues) });
  const steps = startPump({ name: 'steps', log, work: () => carrySteps(context) });
  const timers = startPump({ name: 'timers', log, work: () => fireTimers(context) });
  const leases = startPump({ name: 'leases', log, work: leaseWatcher(context) });
  const reconciler = startPump({ name: 'reconcile', log, work: queueReconciler(context, queues) });
  const sweeper = startPump({ name: 'sweep', log, work: () => sweepKeptFiles(context) });
  const runs = startPump({ name: 'reconcile runs', log, work: runReconciler(context) });
  const orphans = startPump({ name: 'orphans', log, work: () => countOrphans(context) });
  const stopListening = context.news.listen((message) => {
    if (message.kind === 'outbox') {
      dispatch.wake();
      steps.wake();
    }
    if (message.kind === 'line') dispatch.wake();
    if (message.kind === 'timers') timers.wake();
  });
  return {
    async close() {
      stopListening();
      await Promise.all(
        [dispatch, steps, timers, leases, reconciler, runs, sweeper, orphans].map((pump) => pump.close()),
      );
      await queues.close();
    },
  };
}
