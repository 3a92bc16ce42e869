import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTestCore, redisUrl, type TestCore } from '../orchestrator/test-core.ts';
import { claimDelivery, storeDelivery } from '../store/delivery-store.ts';
import { startDeliveryWorker } from './delivery-worker.ts';
import type { DeliveryOutcome } from './process-delivery.ts';

describe.skipIf(redisUrl === undefined)('working off deliveries (needs REDIS_URL)', () => {
  let core: TestCore;
  beforeAll(async () => {
    core = await openTestCore();
  });
  afterAll(() => core.close());

  test('what a server that ends had in hand is due at once for the next, and no try is counted', async () => {
    const { db, now, newId } = core.context;
    const repository = await db.selectFrom('repositories').select('id').executeTakeFirstOrThrow();
    const delivery = { provider: 'generic' as const, event: 'push', headers: {}, body: '{}' };
    const names = { id: newId(), deliveryId: 'd1', repositoryId: repository.id };
    await storeDelivery(db, { ...delivery, ...names, receivedAt: now() });

    let endWork: (outcome: DeliveryOutcome) => void = () => undefined;
    const worker = await new Promise<{ close: () => Promise<void> }>((resolve) => {
      const started = startDeliveryWorker(core.context, () => {
        resolve(started);
        return new Promise((end) => (endWork = end));
      });
    });
    const closed = worker.close();
    endWork({ kind: 'interrupted' });
    await closed;

    expect(await claimDelivery(db, now(), now() + 1_000)).toMatchObject({ id: names.id, tries: 1 });
  });
});
