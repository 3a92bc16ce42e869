// `on`: which events start the pipeline.
import {
  boolean,
  choice,
  list,
  map,
  nothing,
  number,
  oneOf,
  oneOrList,
  plainText,
  record,
  text,
  variableNames,
} from './shapes.ts';
import type { KeyTable } from './key.ts';

const pattern = text('a pattern', '^(?![!-])(?![\\s\\S]*\\$\\{\\{)[\\s\\S]*\\S', [
  'main',
  'release/*',
  'src/**',
]);
const patterns = oneOrList(pattern);

export const branchRuleKeys: KeyTable = {
  branches: {
    shape: patterns,
    says: 'Glob patterns of branches. Of a pull request, the branch that it goes into.',
    fallback: 'every branch',
  },
  paths: {
    shape: patterns,
    says: 'At least one changed file must match one of these patterns. Where the forge does not say what changed, every path counts.',
    fallback: 'any file',
  },
  ignore: { shape: patterns, says: 'Changed files that do not count.', fallback: 'none' },
};

export const scheduleKeys: KeyTable = {
  cron: {
    shape: plainText('five cron fields', ['0 3 * * 1-5']),
    says: 'Minute, hour, day of the month, month and day of the week, such as `0 3 * * 1-5`.',
    required: true,
  },
  timezone: {
    shape: plainText('a time zone', ['Asia/Shanghai', 'Europe/Berlin']),
    says: 'A name of the time zone database. A time that the clock leaps over fires at the leap; one that comes twice fires once.',
    fallback: 'UTC',
  },
};

export const inputTypes = ['string', 'number', 'boolean', 'choice', 'environment'] as const;

export const inputKeys: KeyTable = {
  type: {
    shape: choice(inputTypes),
    says: 'What may be filled in. `environment` is the name of an environment of this installation.',
    required: true,
  },
  default: {
    shape: oneOf(text('text'), number(-Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER), boolean),
    says: 'What counts where nothing is filled in, and for every other event. Without it, the input must be filled in.',
  },
  options: { shape: list(text('text'), 0), says: 'The values of an input with `type: choice`.' },
  description: {
    shape: plainText('text', ['how much is logged']),
    says: 'What the input is for, shown where it is filled in.',
  },
};

/** By name; a template has them too. */
export const inputs = oneOf(record('inputs', variableNames, map('an input', inputKeys)), nothing);

export const manualKeys: KeyTable = {
  inputs: {
    shape: inputs,
    says: 'What a person fills in, each with its type. Read as `inputs.NAME` in conditions and texts.',
    fallback: 'nothing is asked',
  },
};

const branchRules = oneOf(nothing, oneOrList(pattern), map('branches and paths', branchRuleKeys));
const schedule = oneOf(plainText('five cron fields', ['0 3 * * 1-5']), map('a schedule', scheduleKeys));

export const eventKeys: KeyTable = {
  push: {
    shape: branchRules,
    says: 'Commits pushed to a branch. A message with `[skip ci]` starts nothing.',
    section: 'on.push',
  },
  pull_request: {
    shape: branchRules,
    says: 'A pull request that is opened or gets new commits. Its branches are those that it goes into.',
    section: 'on.pull_request',
  },
  tag: {
    shape: oneOf(nothing, oneOrList(pattern)),
    says: 'A tag that is pushed; glob patterns say which.',
    fallback: 'every tag, where nothing follows',
    section: 'on.tag',
  },
  schedule: {
    shape: oneOrList(schedule),
    says: 'Times at which the pipeline of the default branch begins: cron fields with a time zone, at most 20.',
    section: 'on.schedule',
  },
  manual: {
    shape: oneOf(nothing, map('a manual start', manualKeys)),
    says: 'A person starts it, on the page or by `sluice runs start`, and fills in its inputs.',
    section: 'on.manual',
  },
};

const eventNames = choice(Object.keys(eventKeys).filter((name) => name !== 'schedule'));

export const triggers = oneOf(oneOrList(eventNames), {
  ...map('events', eventKeys),
  rules: { notEmpty: true },
});
