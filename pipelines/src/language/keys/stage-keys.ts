// A stage: what every kind has, and its kind of work.
import { approval } from './approval-keys.ts';
import { deployKeys, deployRules } from './deploy-keys.ts';
import { buildKeys, pushKeys, scanKeys } from './image-keys.ts';
import { namesOf, type KeyTable, type MapShape } from './key.ts';
import {
  boolean,
  choice,
  condition,
  duration,
  env,
  list,
  map,
  nothing,
  number,
  oneOf,
  oneOrList,
  plainText,
  record,
  secretName,
  secretNames,
  stageName,
  template,
  text,
  variableNames,
  whole,
} from './shapes.ts';
import { retry } from './retry-keys.ts';
import { stepsKeys } from './steps-keys.ts';
import { whenBusyChoices } from '../definition.ts';

export const needKeys: KeyTable = {
  stage: { shape: stageName, says: 'The id of the stage that must end first.', required: true },
  optional: {
    shape: boolean,
    says: 'A stage that does not run, or was skipped, does not hold this one back.',
    fallback: 'false',
  },
};

export const concurrencyKeys: KeyTable = {
  group: {
    shape: template,
    says: 'Of everything in the repository with the same group, one is under way at a time. May name the event, inputs and variables.',
    required: true,
  },
  when_busy: {
    shape: choice(whenBusyChoices),
    says: 'What a newcomer does: wait (`queue`), cancel the older ones (`cancel_older`), or not run at all (`skip`).',
    fallback: 'queue',
  },
};

export const concurrency = oneOf(template, map('a concurrency group', concurrencyKeys));

const matrixValue = oneOf(
  plainText('text'),
  number(-Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
  boolean,
);
const combination: MapShape = {
  ...map('a combination', {}),
  others: { shape: matrixValue, pattern: variableNames },
};

export const matrixKeys: KeyTable = {
  include: {
    shape: oneOf(combination, list(oneOf(combination, nothing)), nothing),
    says: 'Adds values to the combinations that it agrees with; where there is none, it is one more combination.',
  },
  exclude: {
    shape: oneOf(combination, list(oneOf(combination, nothing)), nothing),
    says: 'Combinations that are left out.',
  },
};

const templateFile = text(
  'a template such as org/templates/node-ci.yml@v3 or ./templates/node-ci.yml',
  '^(?![\\s\\S]*\\$\\{\\{)(\\.\\.?/[^@]*|[^@/.][^@/]*/[^@/]+/[^@]+@[^@\\s]+)(?<=\\.ya?ml|@[^@\\s]+)$',
  ['org/templates/node-ci.yml@v3', './templates/node-ci.yml'],
);
const given = oneOf(text('text', ''), number(-Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER), boolean);

const matrix: MapShape = {
  ...map('lists by name', matrixKeys),
  others: {
    shape: oneOf(list(matrixValue, 1), text('an expression that gives a list', '\\$\\{\\{')),
    pattern: variableNames,
  },
  rules: { notEmpty: true },
};

export const pool = text('the name of a pool', '^[\\w-]{1,50}$', ['big-machines']);

export const commonKeys = {
  needs: {
    shape: oneOrList(oneOf(stageName, map('a need', needKeys))),
    says: 'Stages that must end well before this one begins. Without it, the stage begins at once.',
    fallback: 'none',
    section: 'needs',
  },
  if: {
    shape: condition,
    says: 'A CEL expression that says whether the stage runs. One without a status function also asks for success of all needs.',
    fallback: 'success()',
    section: 'if',
  },
  matrix: {
    shape: matrix,
    says: 'The stage is carried out once for every combination of one value from each list, at most 256. A list may come from an expression, also over outputs of earlier stages.',
    section: 'matrix',
  },
  env: {
    shape: env,
    says: 'Variables of the stage’s commands: text, or `{ secret: name }`.',
    section: 'env',
  },
  timeout: {
    shape: duration,
    says: 'The stage is ended after this time, with all its processes, and fails as `timeout`.',
    fallback: '30m',
    section: 'timeout',
  },
  retry: {
    shape: retry,
    says: 'Tries again what failed for a reason that may pass: a number of attempts, or a policy.',
    fallback: 'one attempt',
    section: 'retry',
  },
  allow_failure: {
    shape: oneOf(boolean, whole(1, 255), list(whole(1, 255))),
    says: 'The stage may fail without failing the run: always, or with these exit codes only.',
    fallback: 'false',
    section: 'allow_failure',
  },
  pool: {
    shape: pool,
    says: 'The pool of workers that may carry it out (`SLUICE_POOL` of the worker).',
    fallback: 'the default pool',
    section: 'pool',
  },
  concurrency: {
    shape: concurrency,
    says: 'One at a time: runs of the pipeline, or stages, with the same group wait for each other.',
    section: 'concurrency',
  },
} satisfies KeyTable;

const kindKeys: KeyTable = {
  build: {
    shape: oneOf(nothing, map('an image build', buildKeys)),
    says: 'Builds a container image from a Dockerfile of the repository.',
    section: 'build',
  },
  scan: {
    shape: map('a scan', scanKeys),
    says: 'Looks into a built image for vulnerabilities, secrets and misconfigurations, and fails on what is severe.',
    section: 'scan',
  },
  push: {
    shape: map('a push', pushKeys),
    says: 'Pushes a built image to a registry under one or more tags.',
    section: 'push',
  },
  deploy: {
    shape: map('a deployment', deployKeys, deployRules),
    says: 'Takes an image to an environment, at once or step by step on measured evidence.',
    section: 'deploy',
  },
  approve: { shape: approval, says: 'The run waits until people agree.', section: 'approve' },
  use: {
    shape: templateFile,
    says: 'The stages of a template, a file of this repository or of another one at a version, named below this stage.',
    section: 'use',
  },
};

const useKeys: KeyTable = {
  with: {
    shape: oneOf(record('inputs of the template', variableNames, given), nothing),
    says: 'What the template gets as its inputs: values, or texts with expressions that are filled in here.',
    fallback: 'the defaults of the template',
  },
  secrets: {
    shape: oneOf(secretName, list(secretName), record('secrets', secretNames, secretName), nothing),
    says: 'Secrets of the project that the template gets: their names, or the template’s name for each with the project’s. It gets no others.',
    fallback: 'none',
  },
};

const { steps, ...besidesSteps } = stepsKeys;
/** An image is built of the workspace's files, too. */
const { checkout: _alsoOfBuilds, ...stepsOnly } = besidesSteps;

/** In the order in which messages list them. */
export const stageKeys: KeyTable = {
  ...commonKeys,
  steps,
  ...kindKeys,
  ...useKeys,
  ...besidesSteps,
};

/** What stands beside `use`; everything else, the stages of the template say themselves. */
const besideUse: readonly string[] = ['use', 'with', 'secrets', 'needs', 'if', 'matrix'];

export const stage: MapShape = map('a stage', stageKeys, {
  exactlyOne: [['steps', ...namesOf(kindKeys)]],
  together: {
    ...Object.fromEntries(namesOf(stepsOnly).map((name) => [name, ['steps']])),
    inputs: ['steps', 'inputs_unchanged'],
    inputs_unchanged: ['steps', 'inputs'],
    with: ['use'],
    secrets: ['use'],
  },
  conflicts: {
    scan: ['checkout'],
    push: ['checkout'],
    deploy: ['pool', 'matrix', 'checkout'],
    approve: ['pool', 'concurrency', 'matrix', 'checkout'],
    use: [...namesOf(commonKeys).filter((name) => !besideUse.includes(name)), 'checkout'],
  },
});
