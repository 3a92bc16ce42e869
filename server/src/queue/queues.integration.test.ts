import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { startEmbeddedRedis } from '../embedded/redis.ts';
import { openQueues, type JobToAdd } from './queues.ts';

const log = pino({ level: 'silent' });

/** Passes bytes on, and holds them back for as long as it is frozen; connections stay. */
async function aRelay(to: number) {
  let isFrozen = false;
  const waiting: (() => void)[] = [];
  const sockets = new Set<Socket>();
  const pass = (from: Socket, onto: Socket): void => {
    sockets.add(from);
    from.on('error', () => onto.destroy());
    from.on('data', (chunk: Buffer) => {
      const send = (): void => void onto.write(chunk);
      if (isFrozen) waiting.push(send);
      else send();
    });
  };
  const server = createServer((near) => {
    const far = connect(to, '127.0.0.1');
    pass(near, far);
    pass(far, near);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    freeze: () => (isFrozen = true),
    thaw: () => {
      isFrozen = false;
      for (const send of waiting.splice(0)) send();
    },
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

test('a queue that is first used while Redis does not answer works when it answers again', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-queues-'));
  const engine = await startEmbeddedRedis({ dataDir: folder, log });
  const url = new URL(engine.url);
  const relay = await aRelay(Number(url.port));
  url.port = String(relay.port);
  const redis = new Redis(url.href, { lazyConnect: true, maxRetriesPerRequest: null });
  redis.on('error', () => undefined);
  const queues = openQueues({ redis, queuePrefix: 'test', log });
  try {
    await queues.ready();
    relay.freeze();
    const job: JobToAdd = { kind: 'enqueue-action', job: { rolloutId: crypto.randomUUID(), action: 1 } };
    await expect(queues.add([job])).rejects.toThrow(/did not answer|timed out/i);
    relay.thaw();
    await expect
      .poll(() => queues.add([job]).then(() => queues.missing([job])), { timeout: 30_000 })
      .toEqual([]);
  } finally {
    await queues.close();
    redis.disconnect();
    relay.close();
    await engine.stop();
    await rm(folder, { recursive: true, force: true });
  }
}, 60_000);
