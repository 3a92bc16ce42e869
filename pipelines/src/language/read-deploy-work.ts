import type { ContainerSpec, DeployWork } from './definition.ts';
import { field, nameOf, readFields, requiredField, type Fields, type Reader } from './fields.ts';
import { containerKeys, deployKeys } from './keys/deploy-keys.ts';
import { namesOf } from './keys/key.ts';
import { noChart, readChart } from './read-chart.ts';
import { readGuard } from './read-guard.ts';
import { readHooks } from './read-hooks.ts';
import { readMetrics } from './read-metrics.ts';
import { readNotify } from './read-notify.ts';
import { readRepositoryPath } from './read-path.ts';
import { readStepsOf, readStrategy } from './read-strategy.ts';
import { readEnv, type TemplateContext } from './read-templates.ts';
import { readTraffic } from './read-traffic.ts';
import { readDuration, readFraction } from './read-units.ts';
import { readChoice, readInteger, readPlainText } from './read-values.ts';
import { readClusters, readWaves } from './read-waves.ts';
import { report, type Reading } from './reading.ts';
import type { SourceNode } from './source-node.ts';

const laterKeys = ['compare'];

export function readDeployWork(
  reading: Reading,
  node: SourceNode,
  name: string,
  context: TemplateContext,
): DeployWork {
  const fields = readFields(reading, node, name, { known: namesOf(deployKeys), later: laterKeys });
  const strategy = readStrategy(fields);
  checkTarget(fields);
  const traffic = field(fields, 'traffic', readTraffic, null);
  const steps = readStepsOf(fields, strategy);
  const bakeMs = field(fields, 'bake', readDuration(), strategy === 'blue-green' ? 10 * 60_000 : 0);
  const read: DeployWork = {
    kind: 'deploy',
    environment: requiredField(fields, 'environment', readEnvironmentName, 'environment: staging', ''),
    image: requiredField(fields, 'image', readImageStage, 'image: push, the id of a push stage', ''),
    manifests: field(fields, 'manifests', readRepositoryPath, null),
    ...(fields.entries.has('chart') ? { chart: field(fields, 'chart', readChart(context), noChart) } : {}),
    container: field(
      fields,
      'container',
      (_, value, label) => readContainer(reading, value, label, context),
      null,
    ),
    ...(traffic === null ? {} : { traffic }),
    strategy,
    steps,
    metrics: field(fields, 'metrics', (_, value, label) => readMetrics(reading, value, label, context), {}),
    confidence: field(fields, 'confidence', readFraction(0.5, 1), 0.95),
    ...(fields.entries.has('budget')
      ? { budget: field(fields, 'budget', readFraction(0.5, 1), 0.9999) }
      : {}),
    intervalMs: field(fields, 'interval', readDuration(1_000), 10_000),
    noData: field(fields, 'no_data', readChoice(['wait', 'fail']), 'wait'),
    onInconclusive: field(fields, 'on_inconclusive', readChoice(['hold', 'abort']), 'hold'),
    bakeMs,
    drainMs: field(fields, 'drain', readDuration(), 5_000),
    deadlineMs: field(
      fields,
      'deadline',
      readDuration(1_000),
      Math.max(2 * hourMs, timedMs(steps, bakeMs) + hourMs),
    ),
    ...(fields.entries.has('progress_deadline')
      ? { progressDeadlineMs: field(fields, 'progress_deadline', readDuration(1_000), 600_000) }
      : {}),
    ...(fields.entries.has('hooks') ? { hooks: field(fields, 'hooks', readHooks, []) } : {}),
    ...(fields.entries.has('afterwards')
      ? { afterwards: field(fields, 'afterwards', readChoice(['promote', 'end']), 'promote') }
      : {}),
    ...(fields.entries.has('notify') ? { notify: field(fields, 'notify', readNotify, []) } : {}),
    ...readFleet(fields),
  };
  const guard = readGuard(fields, read, strategy === 'recreate' ? null : traffic);
  const work: DeployWork = guard === null ? read : { ...read, guard };
  checkTraffic(fields, work);
  checkMetrics(fields, work);
  checkIntervals(fields, work);
  checkDeadline(fields, work);
  return work;
}

/** For environments with several clusters; what is not written is not in the plan. */
function readFleet(fields: Fields): Pick<DeployWork, 'clusters' | 'waves' | 'onFailure'> {
  const { entries } = fields;
  return {
    ...(entries.has('clusters') ? { clusters: field(fields, 'clusters', readClusters, []) } : {}),
    ...(entries.has('waves') ? { waves: field(fields, 'waves', readWaves, []) } : {}),
    ...(entries.has('on_failure')
      ? { onFailure: field(fields, 'on_failure', readChoice(['roll-back', 'stop']), 'roll-back') }
      : {}),
  };
}

function checkTarget(fields: Fields): void {
  if (fields.node.kind !== 'map') return;
  const { reading, label } = fields;
  const [only, other] = ['manifests', 'chart', 'container'].flatMap((key) => fields.entries.get(key) ?? []);
  if (only !== undefined && other !== undefined) {
    const message = `${label} has both ${only.key} and ${other.key}. Keep manifests or chart for Kubernetes, or container for Docker.`;
    report(reading, other.keySpan, 'conflicting-keys', message);
  } else if (only === undefined) {
    const at = { start: fields.node.start, end: fields.node.start + 1 };
    const message = `${label} does not say what to run. Add manifests: k8s/ or chart: chart/ for Kubernetes, or container: { port: 8080 } for Docker.`;
    report(reading, at, 'missing-key', message);
  }
}

function checkTraffic(fields: Fields, work: DeployWork): void {
  const entry = fields.entries.get('traffic');
  const isAlone = work.strategy === 'recreate';
  if (entry === undefined || (work.container === null && !isAlone)) return;
  const why = isAlone
    ? 'shares traffic between two versions, and with strategy: recreate there is one at a time'
    : "is for manifests: a container's traffic is shared by the proxy before it";
  const message = `${nameOf(fields, 'traffic')} ${why}. Remove traffic.`;
  report(fields.reading, entry.keySpan, 'conflicting-keys', message);
}

/** A container's traffic is measured by the proxy before it; only Kubernetes has a Prometheus to ask. */
function checkMetrics(fields: Fields, work: DeployWork): void {
  const entry = fields.entries.get('metrics');
  const { reading, label } = fields;
  if (work.container !== null && entry !== undefined) {
    const message = `${nameOf(fields, 'metrics')} are for manifests: a container is measured by the proxy before it. Remove metrics.`;
    report(reading, entry.keySpan, 'conflicting-keys', message);
  }
  const analyses = work.steps.some((step) => step.kind === 'analysis');
  if (work.container === null && entry === undefined && analyses && fields.node.kind === 'map') {
    const strategy = fields.entries.get('strategy')?.keySpan ?? {
      start: fields.node.start,
      end: fields.node.start + 1,
    };
    const message = `${label} analyses a canary and names no metrics: without data it waits until a person decides. Add metrics.`;
    report(reading, strategy, 'no-metrics', message, 'warning');
  }
}

/** Metrics are read once every `interval` of the stage, and an analysis must be longer than a metric's delay. */
function checkIntervals(fields: Fields, work: DeployWork): void {
  const entry = fields.entries.get('metrics');
  if (entry === undefined) return;
  const analyses = work.steps.flatMap((step) => (step.kind === 'analysis' ? [step.forMs] : []));
  const shortest = Math.min(...analyses);
  for (const [metric, { rules }] of Object.entries(work.metrics)) {
    const label = `${nameOf(fields, 'metrics')}.${metric}`;
    const { intervalMs = null, initialDelayMs = 0 } = rules ?? {};
    if (intervalMs !== null && intervalMs < work.intervalMs) {
      const message = `${label}.interval is shorter than the stage's own interval of ${work.intervalMs / 1_000}s. Shorten the stage's, or remove it.`;
      report(fields.reading, entry.keySpan, 'wrong-value', message);
    }
    if (initialDelayMs >= shortest) {
      const message = `${label}.initial_delay is as long as the shortest analysis (${shortest / 1_000}s), so it could never decide. Shorten it, or analyse for longer.`;
      report(fields.reading, entry.keySpan, 'wrong-value', message);
    }
  }
}

const hourMs = 3_600_000;

/** What passes at least before a rollout is done, unless it is judged earlier. */
const timedMs = (steps: DeployWork['steps'], bakeMs: number): number =>
  steps.reduce((sum, step) => sum + ('forMs' in step ? (step.forMs ?? 0) : 0), bakeMs);

function checkDeadline(fields: Fields, work: DeployWork): void {
  const written = ['steps', 'for', 'deadline', 'bake'].map((key) => fields.entries.get(key));
  const entry = written.find((each) => each !== undefined);
  if (entry === undefined) return;
  const timed = timedMs(work.steps, work.bakeMs);
  if (timed < work.deadlineMs) return;
  const message = `${fields.label}: the steps alone take ${Math.ceil(timed / 60_000)}m, and the deadline is ${Math.floor(work.deadlineMs / 60_000)}m. Raise deadline.`;
  report(fields.reading, entry.keySpan, 'wrong-value', message);
}

const readEnvironmentName: Reader<string> = (reading, node, name) => {
  const text = readPlainText(reading, node, name);
  if (text !== '' && !/^[a-z0-9]([a-z0-9-]{0,48}[a-z0-9])?$/.test(text)) {
    report(
      reading,
      node,
      'bad-name',
      `${name} must be lower-case letters, digits and dashes, at most 50, such as production.`,
    );
  }
  return text;
};

const readImageStage: Reader<string> = (reading, node, name) => {
  if (node.kind !== 'map') return readPlainText(reading, node, name);
  report(
    reading,
    node,
    'not-supported-yet',
    `${name} with settings is not part of this version of Sluice. Write the id of a push stage.`,
  );
  return '';
};

function readContainer(
  reading: Reading,
  node: SourceNode,
  name: string,
  context: TemplateContext,
): ContainerSpec {
  const fields = readFields(reading, node, name, {
    known: namesOf(containerKeys),
    later: ['volumes', 'command', 'resources'],
  });
  return {
    port: requiredField(fields, 'port', readInteger(1, 65_535), 'port: 8080', 1),
    replicas: field(fields, 'replicas', readInteger(1, 100), 2),
    env: field(fields, 'env', (_, value, label) => readEnv(reading, value, label, 'text', context), {}),
    health: field(fields, 'health', readHealthPath, '/'),
  };
}

const readHealthPath: Reader<string> = (reading, node, name) => {
  const path = readPlainText(reading, node, name);
  if (path !== '' && !/^\/[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*$/.test(path)) {
    report(reading, node, 'wrong-value', `${name} must be an HTTP path such as /healthz.`);
  }
  return path;
};
