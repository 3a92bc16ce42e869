// Works off stored deliveries, a few at a time. What a dead process had in hand is due again when its lease ends.
import type { ServerContext } from '../context.ts';
import {
  claimDelivery,
  finishDelivery,
  handBackDelivery,
  postponeDelivery,
  type ClaimedDelivery,
} from '../store/delivery-store.ts';
import type { DeliveryOutcome } from './process-delivery.ts';

export interface DeliveryWorker {
  /** There may be a new delivery. */
  readonly wake: () => void;
  /** Takes no more, and waits for those in hand. */
  readonly close: () => Promise<void>;
}

const atOnce = 4;
const lookEveryMs = 1_000;
/** Renewed three times as often; after a server's death its deliveries wait no longer. */
const leaseMs = 10_000;
const mostTries = 6;
const firstDelayMs = 5_000;

/** `work` says what became of a delivery; when it rejects or the failure is temporary, it is tried again later. */
export function startDeliveryWorker(
  context: ServerContext,
  work: (delivery: ClaimedDelivery) => Promise<DeliveryOutcome>,
): DeliveryWorker {
  const { db, log, now } = context;
  const inHand = new Set<Promise<void>>();
  let isClosing = false;
  let isLooking = false;
  let lookAgain = false;

  async function look(): Promise<void> {
    if (isLooking) {
      lookAgain = true;
      return;
    }
    isLooking = true;
    try {
      while (!isClosing && inHand.size < atOnce) {
        lookAgain = false;
        const delivery = await claimDelivery(db, now(), now() + leaseMs);
        if (delivery !== null) take(delivery);
        else if (!lookAgain) break;
      }
    } catch (error) {
      log.warn({ err: error }, 'stored deliveries cannot be read now: looking again');
    } finally {
      isLooking = false;
    }
  }

  function take(delivery: ClaimedDelivery): void {
    const done = carryOut(delivery)
      .catch((error: unknown) =>
        log.error({ err: error, delivery: delivery.id }, 'a delivery waits for its lease'),
      )
      .finally(() => {
        inHand.delete(done);
        void look();
      });
    inHand.add(done);
  }

  async function carryOut(delivery: ClaimedDelivery): Promise<void> {
    const renewal = setInterval(() => {
      postponeDelivery(db, delivery, now() + leaseMs, null).catch((error: unknown) =>
        log.warn({ err: error, delivery: delivery.id }, 'the lease of a delivery was not renewed'),
      );
    }, leaseMs / 3);
    const outcome = await work(delivery)
      .catch((error: unknown) => surprised(error, delivery))
      .finally(() => clearInterval(renewal));
    await settle(delivery, outcome);
  }

  function surprised(error: unknown, delivery: ClaimedDelivery): DeliveryOutcome {
    log.error({ err: error, delivery: delivery.id }, 'a delivery could not be worked on');
    const reason = `The server failed: ${error instanceof Error ? error.message : String(error)}`;
    return { kind: 'failed', reason, isTemporary: true };
  }

  async function settle(delivery: ClaimedDelivery, outcome: DeliveryOutcome): Promise<void> {
    const at = now();
    if (outcome.kind === 'interrupted') return handBackDelivery(db, delivery, at);
    if (outcome.kind === 'failed' && outcome.isTemporary && delivery.tries < mostTries) {
      const delayMs = firstDelayMs * 3 ** (delivery.tries - 1);
      const reason = `Try ${delivery.tries} of ${mostTries}, the next in ${delayMs / 1_000} s. ${outcome.reason}`;
      return postponeDelivery(db, delivery, at + delayMs, reason);
    }
    return finishDelivery(db, delivery, {
      status: outcome.kind,
      reasons: outcome.kind === 'failed' ? [outcome.reason] : outcome.reasons,
      runId: outcome.kind === 'started' ? (outcome.runIds[0] ?? null) : null,
      at,
    });
  }

  const timer = setInterval(() => void look(), lookEveryMs);
  void look();
  return {
    wake: () => void look(),
    async close() {
      isClosing = true;
      clearInterval(timer);
      while (inHand.size > 0) await Promise.all(inHand);
    },
  };
}
