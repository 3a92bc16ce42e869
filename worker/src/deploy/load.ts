// Continuous requests of many clients, half of which keep their connections, for integration tests.
import { Agent, get } from 'node:http';

export interface Load {
  readonly stop: () => Promise<LoadResult>;
}

export interface LoadResult {
  readonly requests: number;
  /** One sentence for each request that did not get 200. */
  readonly failures: readonly string[];
  readonly versions: ReadonlySet<string>;
}

export function applyLoad(host: string, port: number, clients = 8): Load {
  const started = performance.now();
  const failures: string[] = [];
  const versions = new Set<string>();
  let requests = 0;
  let isStopped = false;
  const runClient = async (index: number): Promise<void> => {
    const agent = index % 2 === 0 ? new Agent({ keepAlive: true, maxSockets: 1 }) : new Agent();
    while (!isStopped) {
      const outcome = await ask(host, port, agent);
      requests += 1;
      if (outcome.status === 200) versions.add(outcome.text);
      else failures.push(`${Math.round(performance.now() - started)} ms: ${outcome.status} ${outcome.text}`);
    }
    agent.destroy();
  };
  const running = Array.from({ length: clients }, (_, index) => runClient(index));
  return {
    stop: async () => {
      isStopped = true;
      await Promise.all(running);
      return { requests, failures, versions };
    },
  };
}

function ask(host: string, port: number, agent: Agent): Promise<{ status: number; text: string }> {
  return new Promise((resolve) => {
    const request = get({ host, port, agent }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () =>
        resolve({ status: answer.statusCode ?? 0, text: String(Buffer.concat(chunks)) }),
      );
      answer.on('error', (error) => resolve({ status: 0, text: error.message }));
    });
    request.on('error', (error) => resolve({ status: 0, text: error.message }));
  });
}
