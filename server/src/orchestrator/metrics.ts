// Counters of the core, in prom-client's default registry.
import { Counter, Gauge, Histogram } from 'prom-client';

/** The kinds and what each of them means stand in docs/operations.md. */
export const repairs = new Counter({
  name: 'sluice_repairs_total',
  help: 'What was found broken and put right, by kind',
  labelNames: ['kind'],
});

export const attemptsLost = new Counter({
  name: 'sluice_attempts_lost_total',
  help: 'Attempts whose worker stayed away longer than its lease',
});

export const clockSteps = new Counter({
  name: 'sluice_clock_steps_total',
  help: "How often the database's clock was set by more than a second, as this server saw it",
});

export const attemptsTakenOver = new Counter({
  name: 'sluice_attempts_taken_over_total',
  help: 'Pods of lost workers that another worker has taken over',
});

export const dispatchSeconds = new Histogram({
  name: 'sluice_dispatch_seconds',
  help: 'From the queueing of an attempt to its claim by a worker',
  buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300],
});

export const logLinesStored = new Counter({ name: 'sluice_log_lines_total', help: 'Log lines stored' });

export const logsUnverified = new Counter({
  name: 'sluice_logs_unverified_total',
  help: 'Logs whose count or digest is not what their worker stated',
});

export const liveClients = new Gauge({ name: 'sluice_live_clients', help: 'Open live connections' });

export const attemptsQueued = new Gauge({
  name: 'sluice_attempts_queued',
  help: 'Attempts that wait for a worker',
});

export const attemptsHeld = new Gauge({
  name: 'sluice_attempts_held',
  help: 'Attempts that workers carry out',
});

export const artifactsExpired = new Counter({
  name: 'sluice_artifacts_expired_runs_total',
  help: 'Runs whose artifacts were given up because their time was over',
});

export const contentsRemoved = new Counter({
  name: 'sluice_contents_removed_total',
  help: 'Files that nothing referred to any more, removed from the blob store',
});

export const cachesEvicted = new Counter({
  name: 'sluice_caches_evicted_total',
  help: 'Caches removed, by reason: `project-limit`, those that were not used the longest',
  labelNames: ['reason'],
});

export const orphans = new Gauge({
  name: 'sluice_orphans',
  help: 'Things that attempts have left on an engine, seen at the last look and not gone yet: must be 0',
  labelNames: ['engine', 'kind'],
});

export const orphansRemoved = new Counter({
  name: 'sluice_orphans_removed_total',
  help: 'Things that attempts had left on an engine and that a worker has removed',
  labelNames: ['engine', 'kind'],
});
