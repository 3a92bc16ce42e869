// A deployment: where to, what runs there, and how carefully.
import { approval } from './approval-keys.ts';
import type { KeyTable, MapRules } from './key.ts';
import { metric } from './metric-keys.ts';
import {
  choice,
  duration,
  durationOrZero,
  env,
  list,
  map,
  nothing,
  oneOf,
  record,
  repositoryPath,
  share,
  stageName,
  text,
  variableNames,
  whole,
  wholePercent,
} from './shapes.ts';

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

export const pauseKeys: KeyTable = {
  for: { shape: duration, says: 'How long.', fallback: 'until a person resumes' },
};

export const analysisKeys: KeyTable = {
  for: {
    shape: duration,
    says: 'At most this long; a bad version is caught and a good one passes as soon as there is evidence enough.',
    required: true,
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
    says: 'File or folder of Kubernetes manifests.',
    section: 'deploy.manifests',
  },
  container: {
    shape: map('a container', containerKeys),
    says: 'How an environment on Docker runs the image.',
    section: 'deploy.container',
  },
  strategy: {
    shape: choice(['rolling', 'canary']),
    says: '`rolling` replaces the old version at once; `canary` gives the new one more traffic step by step, on evidence.',
    fallback: 'rolling',
    section: 'deploy.strategy',
  },
  steps: {
    shape: list(
      map('a rollout step', rolloutStepKeys, {
        exactlyOne: [['set_weight', 'pause', 'analysis', 'approve']],
      }),
    ),
    says: 'The steps of a canary, in order.',
    fallback: '1 % with 5 minutes of analysis, 10 % with 10, 50 % with 10',
    section: 'deploy.steps',
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
    fallback: '0',
  },
  drain: {
    shape: durationOrZero,
    says: 'How long requests that are under way may take when a version loses its traffic.',
    fallback: '5s',
  },
  deadline: {
    shape: duration,
    says: 'A rollout that takes longer goes back. Longer than its steps and `bake` together.',
    fallback: '2h',
  },
};

export const deployRules: MapRules = {
  exactlyOne: [['manifests', 'container']],
  conflicts: { container: ['metrics'] },
};
