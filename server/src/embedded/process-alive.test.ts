import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { freePort } from './free-port.ts';
import { endProcess } from './process-alive.ts';

/** A system takes a while to take so much memory back, and only then closes what the process had open. */
const program = (port: number): string =>
  `const much = Buffer.alloc(200_000_000, 1); require('node:net').createServer().listen(${port}, '127.0.0.1', () => console.log(much.length))`;

test('the port of a large process is free as soon as the process counts as ended', async () => {
  for (let round = 0; round < 4; round += 1) {
    const port = await freePort();
    const child = spawn(process.execPath, ['-e', program(port)], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    await endProcess(child.pid ?? 0, 'SIGKILL', 10_000);
    const server = createServer();
    server.listen(port, '127.0.0.1');
    await expect(once(server, 'listening')).resolves.toEqual([]);
    await new Promise((resolve) => server.close(resolve));
  }
}, 60_000);
