// `npm run test:rollouts`: real rollouts of a real service under real load, at each place that this machine can make.
// Prints a row for each, writes docs/rollouts.md, and fails when one of them is not as it has to be.
//   npm run test:rollouts -- [--per-second 400] [--requests 100000] [--only <words of rows>] [--json]
import { writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { missingForRoutes } from '../../worker/src/deploy/kubernetes/traffic/router-rig.ts';
import { prepareEngines } from '../engines.ts';
import { startSluice } from '../rig/sluice.ts';
import { carryOut, usual } from './carry-out.ts';
import { dockerPlace } from './docker-place.ts';
import { formatTrials, rowOf } from './format-trials.ts';
import { kubernetesPlace } from './kubernetes-place.ts';
import { intervalMs, type Place } from './place.ts';
import { routePlace, routeKinds } from './route-place.ts';
import type { Behaviour, Trial, TrialOutcome } from './trial.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const { values } = parseArgs({
  options: {
    'per-second': { type: 'string', default: '400' },
    requests: { type: 'string', default: '100000' },
    only: { type: 'string', multiple: true, default: [] },
    json: { type: 'boolean', default: false },
  },
});
const perSecond = Number(values['per-second']);
const fewestRequests = Number(values.requests);
const say = (line: string): void => void (values.json ? process.stderr : process.stdout).write(`${line}\n`);
const isWanted = (place: Place, trial: Trial): boolean =>
  values.only.every((words) => `${place.provider} ${trial.strategy} ${trial.version}`.includes(words));

const good = (strategy: string, keys: Trial['keys'], requests = 0): Trial => ({
  strategy,
  keys,
  version: 'as good as the old',
  behaviour: usual,
  ends: 'succeeded',
  fewestRequests: requests,
  hasOutage: strategy === 'recreate',
});
const bad = (strategy: string, keys: Trial['keys'], version: string, how: Partial<Behaviour>): Trial => ({
  ...good(strategy, keys),
  version,
  behaviour: { ...usual, ...how },
  ends: 'rolled-back',
});

const groupKeys = ['match: { header: { x-group: b } }', 'for: 1m'];
const copyKeys = ['mirror: 50%', 'for: 1m'];

function trialsAt({ seesSlowness, strategies }: Place): readonly Trial[] {
  const half = { errorRate: 0.5 };
  return [
    good('rolling', []),
    good('recreate', []),
    good('blue-green', ['bake: 10s']),
    ...(strategies.includes('ab') ? [good('ab', groupKeys), bad('ab', groupKeys, '50 % errors', half)] : []),
    ...(strategies.includes('shadow')
      ? [good('shadow', copyKeys), bad('shadow', copyKeys, '50 % errors', half)]
      : []),
    good('canary', null, fewestRequests),
    bad('canary', null, '1 % errors', { errorRate: 0.01 }),
    bad('canary', null, '5 % errors', { errorRate: 0.05 }),
    bad('canary', null, '50 % errors', half),
    ...(seesSlowness ? [bad('canary', null, '3 times slower', { medianMs: usual.medianMs * 3 })] : []),
  ];
}

const { environment } = prepareEngines(root);
Object.assign(process.env, environment);
const { REGISTRY, KUBECONFIG, PROMETHEUS_URL, TEST_NODE_IMAGE } = process.env;
if (REGISTRY === undefined) throw new Error('a registry is needed to deliver anything: set REGISTRY');
const places: (() => Promise<Place>)[] = [dockerPlace];
if (KUBECONFIG === undefined || PROMETHEUS_URL === undefined)
  say('no Kubernetes with a Prometheus here: set KUBECONFIG and PROMETHEUS_URL for trials in pods');
else {
  for (const kind of routeKinds) {
    const missing = missingForRoutes(kind);
    if (missing === null) places.push(() => routePlace(kind, PROMETHEUS_URL));
    else say(`no trials with ${kind}: ${missing}`);
  }
  places.push(() => Promise.resolve(kubernetesPlace(PROMETHEUS_URL)));
}

const byProvider = new Map<string, TrialOutcome[]>();
for (const open of places) {
  await using place = await open();
  const trials = trialsAt(place).filter((trial) => isWanted(place, trial));
  if (trials.length === 0) continue;
  await using sluice = await startSluice();
  const outcomes: TrialOutcome[] = [];
  byProvider.set(place.provider, outcomes);
  const baseImage = TEST_NODE_IMAGE ?? 'lab/node:20';
  const ended = (outcome: TrialOutcome): void => {
    outcomes.push(outcome);
    say(rowOf(place.provider, outcome));
    if (values.only.length === 0) writeFileSync(`${root}/docs/rollouts.md`, page());
  };
  await carryOut({ sluice, place, trials, perSecond, baseImage, registry: REGISTRY, say, ended });
}
const all = [...byProvider.values()].flat();
if (values.json) process.stdout.write(`${JSON.stringify([...byProvider], null, 2)}\n`);
const wrong = all.filter(({ problems }) => problems.length > 0).length;
say(`${all.length} rollouts, ${all.length - wrong} right, ${wrong} wrong`);
process.exitCode = wrong === 0 && all.length > 0 ? 0 : 1;

/** After each trial, so that a run that is cut short has written what it has seen. */
function page(): string {
  const machine = `${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown processor'}, load ${loadavg()[0]?.toFixed(1) ?? '?'} at the end, Node ${process.versions.node}`;
  return formatTrials({ at: new Date(), machine, perSecond, intervalMs, byProvider });
}
