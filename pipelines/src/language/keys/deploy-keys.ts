// A deployment: where to, what runs there, and how carefully.
import { approval } from './approval-keys.ts';
import { hooks } from './hook-keys.ts';
import type { KeyTable, MapRules } from './key.ts';
import { metric } from './metric-keys.ts';
import { requestMatch, requestValueMap } from './request-keys.ts';
import {
  boolean,
  channels,
  choice,
  duration,
  durationOrZero,
  env,
  list,
  map,
  nothing,
  number,
  oneOf,
  oneOrList,
  record,
  repositoryPath,
  share,
  stageName,
  text,
  variableNames,
  whole,
  wholePercent,
} from './shapes.ts';

export const strategies = ['rolling', 'canary', 'blue-green', 'ab', 'shadow', 'recreate'] as const;

export const containerKeys: KeyTable = {
  port: { shape: whole(1, 65_535), says: 'The port that the service listens on.', required: true },
  replicas: { shape: whole(1, 100), says: 'Containers of each version.', fallback: '2' },
  env: { shape: env, says: 'Variables of the containers.', fallback: 'none' },
  health: {
    shape: text('an HTTP path', '^/', ['/healthz']),
    says: 'An HTTP path that answers 2xx when the container may have traffic.',
    fallback: '/',
  },
};

const clusterName = text('the name of a cluster or partition', '^[a-z0-9]([a-z0-9-]{0,48}[a-z0-9])?$', [
  'hz-1',
]);

/** Anything else than names of maps stands in a file of values. */
export const chartValueNames = '^[A-Za-z0-9_-]{1,100}(\\.[A-Za-z0-9_-]{1,100}){0,20}$';
export const releaseNames = '^[a-z0-9]([a-z0-9-]{0,51}[a-z0-9])?$';

export const chartKeys: KeyTable = {
  path: {
    shape: repositoryPath,
    says: 'Folder of the chart, with the charts that it depends on in its `charts/`.',
    required: true,
  },
  values: {
    shape: oneOrList(repositoryPath),
    says: 'Files of values; what a later one says counts.',
    fallback: 'the chart’s own values',
  },
  set: {
    shape: oneOf(
      record(
        'values by dotted names',
        chartValueNames,
        oneOf(text('text', ''), number(-Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER), boolean),
      ),
      nothing,
    ),
    says: 'Single values, such as `image.tag`, which count more than files.',
    fallback: 'none',
  },
  name: {
    shape: text('the name of a release', releaseNames, ['shop']),
    says: 'The name of the release, for templates that ask for it.',
    fallback: 'the name of the chart',
  },
};

export const pauseKeys: KeyTable = {
  for: { shape: duration, says: 'How long.', fallback: 'until a person resumes' },
};

export const analysisKeys: KeyTable = {
  for: {
    shape: duration,
    says: 'At most this long; a bad version is caught and a good one passes as soon as there is evidence enough.',
    required: true,
  },
  whole: {
    shape: boolean,
    says: 'A pass, too, waits for the end of that time.',
    fallback: 'false',
  },
};

export const rolloutStepKeys: KeyTable = {
  set_weight: {
    shape: wholePercent(1, 99),
    says: 'The new version’s share of traffic in percent. Weights rise from step to step; after the last step it has all.',
  },
  pause: {
    shape: oneOf(nothing, duration, map('a pause', pauseKeys)),
    says: 'Waits: for a time, or until a person resumes.',
  },
  set_header_route: {
    shape: oneOf(nothing, requestValueMap('headers')),
    says: 'From now on requests with all these headers go to the new version, whatever its weight; nothing: none do any more.',
  },
  set_route: {
    shape: oneOf(nothing, requestMatch),
    says: 'Like `set_header_route`, also by cookies and parameters of the address.',
  },
  set_mirror: {
    shape: wholePercent(0, 100),
    says: 'From now on the new version gets copies of this share of the old one’s requests. Nobody sees its answers; the gate does.',
  },
  analysis: {
    shape: oneOf(duration, map('an analysis', analysisKeys)),
    says: 'Compares both versions at this weight. Without evidence it never goes on.',
  },
  approve: { shape: approval, says: 'Waits until people agree, with the evidence before them.' },
};

export const deployKeys: KeyTable = {
  environment: {
    shape: text('the name of an environment', '^[a-z0-9]([a-z0-9-]{0,48}[a-z0-9])?$', [
      'staging',
      'production',
    ]),
    says: 'Where it goes to: an environment of the installation, with its cluster or engine and its rules.',
    required: true,
  },
  image: {
    shape: stageName,
    says: 'The push stage whose image is deployed, by digest. A container may also take it from the build stage.',
    required: true,
  },
  manifests: {
    shape: repositoryPath,
    says: 'File or folder of Kubernetes manifests, or folder of a kustomization.',
    section: 'deploy.manifests',
  },
  chart: {
    shape: oneOf(repositoryPath, map('a Helm chart', chartKeys)),
    says: 'A Helm chart that gives the manifests; a path alone is its folder.',
    section: 'deploy.chart',
  },
  container: {
    shape: map('a container', containerKeys),
    says: 'How an environment on Docker runs the image.',
    section: 'deploy.container',
  },
  traffic: {
    shape: text(
      'replicas, or a provider and the name of its object',
      '^(replicas|(httproute|ingress|virtualservice)/[a-z0-9]([a-z0-9.-]{0,238}[a-z0-9])?)$',
      ['replicas', 'httproute/shop', 'ingress/shop', 'virtualservice/shop'],
    ),
    says: 'What shares the traffic of manifests: the number of ready pods, or an object of the cluster that names the Service, which then gives every percent exactly.',
    fallback: 'replicas',
    section: 'deploy.traffic',
  },
  strategy: {
    shape: choice(strategies),
    says: 'How the new version takes the old one’s place: `rolling` at once when it is ready, `canary` step by step on evidence, `blue-green` in one switch with a way back, `ab` after some requests have tried it, `shadow` after copies of requests have, `recreate` after the old one has ended.',
    fallback: 'rolling',
    section: 'deploy.strategy',
  },
  steps: {
    shape: list(
      map('a rollout step', rolloutStepKeys, {
        exactlyOne: [
          ['set_weight', 'set_header_route', 'set_route', 'set_mirror', 'pause', 'analysis', 'approve'],
        ],
      }),
    ),
    says: 'What happens between the first replica and the promotion, in order. `set_weight` is for a canary alone.',
    fallback:
      'of a canary 1 % with 5 minutes of analysis, 10 % with 10, 50 % with 10; of the others what the strategy says',
    section: 'deploy.steps',
  },
  match: {
    shape: requestMatch,
    says: 'With `ab`: the requests that go to the new version.',
  },
  mirror: {
    shape: wholePercent(1, 100),
    says: 'With `shadow`: the share of requests that the new version gets copies of.',
    fallback: '10%',
  },
  for: {
    shape: duration,
    says: 'With `ab` and `shadow`: how long both versions are compared; a bad one goes back at once.',
    fallback: '1h',
  },
  afterwards: {
    shape: choice(['promote', 'end']),
    says: 'With `ab` and `shadow`: what follows when the new version has done well. `end` removes it, and the stage has succeeded.',
    fallback: 'promote',
  },
  metrics: {
    shape: oneOf(record('metrics', variableNames, metric), nothing),
    says: 'What the analysis of manifests looks at. A container is measured by the proxy before it and needs none.',
    section: 'deploy.metrics',
  },
  confidence: {
    shape: share('95%'),
    says: 'How sure the gate must be, for all metrics of the stage together.',
    fallback: '95%',
    section: 'deploy.confidence',
  },
  budget: {
    shape: share('99.9%'),
    says: 'Share of the rollout’s requests that must not be bad because of the new version. Beyond it, the rollout goes back.',
    fallback: 'not watched',
    section: 'deploy.budget',
  },
  interval: { shape: duration, says: 'Between two looks at the metrics.', fallback: '10s' },
  no_data: {
    shape: choice(['wait', 'fail']),
    says: 'What no data means: wait for some, or fail. It never means good.',
    fallback: 'wait',
  },
  on_inconclusive: {
    shape: choice(['hold', 'abort']),
    says: 'When the time of an analysis is over without a verdict: ask a person, or go back.',
    fallback: 'hold',
  },
  bake: {
    shape: durationOrZero,
    says: 'The old version stays whole this long after the new one has all traffic.',
    fallback: '0; 10m with blue-green',
  },
  drain: {
    shape: durationOrZero,
    says: 'How long requests that are under way may take when a version loses its traffic.',
    fallback: '5s',
  },
  deadline: {
    shape: duration,
    says: 'A rollout that takes longer goes back. Longer than its steps and `bake` together.',
    fallback: '2h, or an hour more than the steps and `bake` where they are longer',
  },
  guard: {
    shape: duration,
    says: 'When nothing is heard of the engine for this long in the middle of a rollout, a guard in the cluster gives all traffic back to the old version. Only with a route in `traffic`, and at least three times `interval`; where it is written, nothing is rolled out without a guard.',
    fallback: '60s where a route shares the traffic and the guard is installed',
    section: 'deploy.guard',
  },
  hooks: {
    shape: hooks,
    says: 'Services that are asked during the rollout, in the words of Flagger.',
    fallback: 'none',
    section: 'deploy.hooks',
  },
  notify: {
    shape: channels,
    says: 'Channels of the installation that are told of this rollout: of each step, and at once of what needs a person or went wrong.',
    fallback: 'those that have a rule for it',
    section: 'deploy.notify',
  },
  progress_deadline: {
    shape: duration,
    says: 'A version whose replicas are not all ready within this time goes back.',
    fallback: '10m',
  },
  clusters: {
    shape: oneOrList(clusterName),
    says: 'Which clusters of the environment, by their names and those of its partitions.',
    fallback: 'all of them',
    section: 'deploy.clusters',
  },
  waves: {
    shape: oneOrList(
      oneOf(
        whole(1, 1_000),
        text('a share such as 10%', '^\\d{1,3}\\s*%$', ['10%']),
        clusterName,
        list(clusterName, 1),
      ),
    ),
    says: 'Which clusters come after which. A wave is a number of clusters, a share of them, names of clusters and partitions, or `rest`; the next one begins when all of the one before have been promoted.',
    fallback: '[1, rest]',
  },
  on_failure: {
    shape: choice(['roll-back', 'stop']),
    says: 'When a cluster fails: `roll-back` gives all clusters what they had before, `stop` lets the wave end and begins no other.',
    fallback: 'roll-back',
  },
};

export const deployRules: MapRules = {
  exactlyOne: [['manifests', 'chart', 'container']],
  together: { guard: ['traffic'] },
  conflicts: {
    container: ['metrics', 'traffic', 'guard'],
    match: ['mirror', 'steps'],
    mirror: ['steps'],
    for: ['steps'],
  },
};
