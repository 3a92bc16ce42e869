// The guard's process: in a pod it finds the cluster by its service account, elsewhere by a kubeconfig.
import { hostname } from 'node:os';
import { KubeConfig } from '@kubernetes/client-node';
import { pino } from 'pino';
import { connectCluster } from '../deploy/kubernetes/kube-connection.ts';
import { runGuard } from './run-guard.ts';

/** Ends when `signal` is aborted; what it has begun to give back the next guard finishes. */
export async function startGuard(namespace: string, signal: AbortSignal): Promise<void> {
  const log = pino({ name: 'guard', level: process.env['SLUICE_LOG_LEVEL'] ?? 'info' });
  const config = new KubeConfig();
  config.loadFromDefault();
  const connection = await connectCluster(config, signal);
  try {
    await runGuard({ connection, namespace, holder: hostname(), wallClock: () => Date.now(), log }, signal);
  } finally {
    connection.close();
  }
}
