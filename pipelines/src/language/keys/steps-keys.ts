// What a stage with steps has beside its commands.
import { checkout } from './checkout-keys.ts';
import { keepsKeys } from './keeps-keys.ts';
import type { Key, KeyTable } from './key.ts';
import { pod } from './pod-keys.ts';
import { retry } from './retry-keys.ts';
import {
  boolean,
  choice,
  command,
  condition,
  duration,
  env,
  imageName,
  list,
  map,
  nothing,
  number,
  oneOf,
  oneOrList,
  record,
  repositoryPath,
  size,
  text,
  variableNames,
  whole,
} from './shapes.ts';

export const stepKeys: KeyTable = {
  name: { shape: text('text'), says: 'Heading of its log.', fallback: 'the first line of the command' },
  run: {
    shape: command,
    says: 'The command, also over several lines. Ends at the first command that fails.',
    required: true,
  },
  if: {
    shape: condition,
    says: 'When it is run. Asked after the steps before it: `failure()` and `always()` also run after a failed one.',
    fallback: 'success()',
  },
  env: { shape: env, says: 'Variables of this step alone.', fallback: 'none' },
  timeout: { shape: duration, says: 'It is ended after this time.', fallback: 'that of the stage' },
  retry: {
    shape: retry,
    says: 'Tries again a step that failed or took too long, in the same workspace.',
    fallback: 'one attempt',
  },
};

export const resourceKeys: KeyTable = {
  cpu: { shape: number(0.01, 1_024), says: 'Processors, such as `0.5`.', fallback: 'as the worker has it' },
  memory: {
    shape: size,
    says: 'Who uses more is ended, and the stage fails as `out-of-memory`.',
    fallback: 'as the worker has it',
  },
  pids: {
    shape: whole(16, 1_000_000),
    says: 'Processes and threads at the same time.',
    fallback: 'as the worker has it',
  },
};
export const resources = map('resources', resourceKeys);

export const serviceKeys: KeyTable = {
  image: { shape: imageName, says: 'The image that is started.', required: true },
  env: { shape: env, says: 'Its variables.', fallback: 'none' },
  ready: {
    shape: command,
    says: 'A shell command that is run inside it again and again until it exits with 0; the steps begin then.',
    fallback: 'it is ready when it runs',
  },
  ready_timeout: { shape: duration, says: 'How long it may take to be ready.', fallback: '60s' },
  command: {
    shape: oneOrList(command),
    says: 'What it runs, a list of words.',
    fallback: 'what the image says',
  },
};

export const outputKeys: KeyTable = {
  file: {
    shape: repositoryPath,
    says: 'A file in the workspace; its text, without blanks around it, is the value.',
    required: true,
  },
};

export const image: Key = {
  shape: imageName,
  says: 'The image that the steps run in. Without one they run on the worker’s own host, where its operator allows that.',
  section: 'image',
};
export const shell: Key = {
  shape: choice(['sh', 'bash']),
  says: 'The shell of the commands, run with `-e`.',
  fallback: 'sh',
  section: 'shell',
};
export const resourcesKey: Key = {
  shape: resources,
  says: 'What all processes of the steps together may use.',
  fallback: 'as the worker has it',
  section: 'resources',
};

const user = '(\\d{1,10}|[a-z_][a-z0-9_-]{0,31})';

/** `steps` first; the others mean nothing without it. */
export const stepsKeys = {
  steps: {
    shape: list(oneOf(command, map('a step', stepKeys)), 1),
    says: 'Commands, one after another in one workspace, with the repository checked out. A text is a command.',
    section: 'steps',
  },
  image,
  outputs: {
    shape: oneOf(record('outputs', variableNames, map('an output', outputKeys)), nothing),
    says: 'Values that later stages read as `stages.ID.outputs.NAME`.',
    section: 'outputs',
  },
  checkout,
  shell,
  network: {
    shape: boolean,
    says: '`false` takes all network from the steps.',
    fallback: 'true',
    section: 'network',
  },
  resources: resourcesKey,
  pod: {
    shape: pod,
    says: 'What the stage asks of its Kubernetes pod, as far as the operator allows it. Means nothing elsewhere.',
    section: 'pod',
  },
  ...keepsKeys,
  keep_on_failure: {
    shape: duration,
    says: 'Keeps the container of failed steps for `sluice shell`, at most 2h.',
    fallback: 'nothing is kept',
    section: 'keep_on_failure',
  },
  services: {
    shape: oneOf(
      record(
        'services',
        '^(?!localhost$)[a-z]([a-z0-9-]{0,61}[a-z0-9])?$',
        oneOf(imageName, map('a service', serviceKeys)),
      ),
      nothing,
    ),
    says: 'Containers beside the steps, at most 20; each is reached by its name. A text alone is the image.',
    section: 'services',
  },
  user: {
    shape: oneOf(
      text('a user of the image', `^${user}(:${user})?$`, ['node', '1000:1000']),
      whole(0, 9_999_999_999),
    ),
    says: 'Who the steps run as: a name, a number, or `uid:gid`.',
    fallback: 'root of the container',
    section: 'user',
  },
  read_only: {
    shape: boolean,
    says: 'Only the workspace and /tmp can be written.',
    fallback: 'false',
    section: 'read_only',
  },
} satisfies KeyTable;
