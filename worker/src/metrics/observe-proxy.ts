import type {
  CounterReading,
  LatencyReading,
  MetricObservation,
  Observation,
} from '@sluice/pipelines/rollout/rollout-state';
import { messageOf } from '../deploy/deploy-problem.ts';
import { shared } from '../deploy/docker/haproxy-backends.ts';
import { showStatistics } from '../deploy/docker/haproxy-socket.ts';
import type { Colour } from '../deploy/docker/service-state.ts';
import { serverCounters, type ServerCounters } from './haproxy-statistics.ts';

/** Requests and 5xx of both colours as the metric `errors`; each server is a series of its own. */
export async function observeProxy(
  socket: string,
  stable: Colour | null,
  canary: Colour,
  at: number,
): Promise<Observation> {
  try {
    const servers = serverCounters(await showStatistics(socket));
    const of = (colour: Colour | null): readonly ServerCounters[] =>
      servers.filter(({ name }) => colour !== null && name.startsWith(colour));
    return observation(at, {
      metric: { kind: 'read', stable: reading(of(stable)), canary: reading(of(canary)) },
      latency: { stable: latency(of(stable)), canary: latency(of(canary)) },
    });
  } catch (error) {
    const message = `the proxy does not tell its counters: ${messageOf(error)}`;
    return observation(at, { metric: { kind: 'error', message }, latency: { stable: null, canary: null } });
  }
}

function observation(
  at: number,
  read: { readonly metric: MetricObservation; readonly latency: Observation['latency'] },
): Observation {
  return { at, metrics: { errors: read.metric }, latency: read.latency };
}

function reading(servers: readonly ServerCounters[]): CounterReading | null {
  if (servers.length === 0) return null;
  return {
    bad: Object.fromEntries(servers.map((server) => [seriesOf(server), server.bad])),
    total: Object.fromEntries(servers.map((server) => [seriesOf(server), server.requests])),
  };
}

/** A server's chosen requests are counted beside those that it was dealt. */
const seriesOf = ({ backend, name }: ServerCounters): string =>
  backend === shared ? name : `${backend}/${name}`;

/** The mean of a colour is that of its servers, each weighted by its requests. */
function latency(servers: readonly ServerCounters[]): LatencyReading | null {
  const requests = servers.reduce((sum, server) => sum + server.requests, 0);
  if (requests === 0) return null;
  const total = servers.reduce((sum, server) => sum + server.meanMs * server.requests, 0);
  return { meanMs: total / requests, p95Ms: null, maxMs: Math.max(...servers.map(({ maxMs }) => maxMs)) };
}
