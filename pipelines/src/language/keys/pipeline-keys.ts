// The top of a pipeline file.
import { priorities } from '../definition.ts';
import type { KeyTable, MapShape } from './key.ts';
import {
  channels,
  choice,
  env,
  includedFiles,
  map,
  nothing,
  oneOf,
  oneOrList,
  plainText,
  record,
  wordNames,
} from './shapes.ts';
import { concurrency, commonKeys, stage } from './stage-keys.ts';
import { image, resourcesKey, shell } from './steps-keys.ts';
import { triggers } from './trigger-keys.ts';

const { timeout, retry, pool } = commonKeys;

/** Each means what it means on a stage. */
export const defaultKeys: KeyTable = {
  timeout,
  retry,
  resources: resourcesKey,
  image,
  shell,
  pool,
};

export const pipelineKeys: KeyTable = {
  name: {
    shape: plainText('text', ['shop']),
    says: 'The pipeline’s name on the page and at the forge.',
    fallback: 'the name of the file',
    section: 'name',
  },
  on: {
    shape: triggers,
    says: 'The events that start the pipeline: names, or a map of events to their rules.',
    required: true,
    section: 'on',
  },
  env: {
    shape: env,
    says: 'Variables of every stage: text, or `{ secret: name }`.',
    fallback: 'none',
    section: 'env',
  },
  priority: {
    shape: choice(priorities),
    says: 'Whose stages get free workers first.',
    fallback: 'high for manual starts, normal for everything else',
    section: 'priority',
  },
  concurrency: {
    shape: concurrency,
    says: 'Runs with the same group wait for each other, or cancel or skip.',
    fallback: 'runs do not wait for each other',
    section: 'concurrency',
  },
  notify: {
    shape: channels,
    says: 'Channels of the installation that are told of its runs: when one fails, when they work again, and when one waits for an approval.',
    fallback: 'those that have a rule for it',
    section: 'notify',
  },
  defaults: {
    shape: oneOf(nothing, map('defaults', defaultKeys)),
    says: 'What a stage has where it does not say otherwise.',
    section: 'defaults',
  },
  stages: {
    shape: { ...record('stages', wordNames, stage), rules: { notEmpty: true } },
    says: 'The stages by their ids. Each does one thing; `needs` says what comes before it.',
    section: 'stages',
  },
  include: {
    shape: oneOrList(includedFiles),
    says: 'Files with more stages: paths and patterns from the folder of this file, inside the repository. An included file holds `stages` and `include` only.',
    fallback: 'all stages stand in this file',
    section: 'include',
  },
};

export const pipeline: MapShape = map('a pipeline', pipelineKeys, { atLeastOne: [['stages', 'include']] });
