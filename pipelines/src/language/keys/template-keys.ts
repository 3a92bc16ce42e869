// The top of a template file.
import type { KeyTable, MapShape } from './key.ts';
import { pipelineKeys } from './pipeline-keys.ts';
import {
  map,
  nothing,
  oneOf,
  oneOrList,
  record,
  secretName,
  template as text,
  variableNames,
} from './shapes.ts';
import { inputs } from './trigger-keys.ts';

const { env, defaults, stages } = pipelineKeys;

export const templateKeys: KeyTable = {
  inputs: {
    shape: inputs,
    says: 'What whoever uses the template gives it under `with`, each with its type. Read as `inputs.NAME`. Without a `default`, it must be given.',
    required: true,
    section: 'template.inputs',
  },
  secrets: {
    shape: oneOrList(secretName),
    says: 'Names under which its stages use secrets. Whoever uses the template says which secrets of the project they are; it gets no others.',
    fallback: 'none',
    section: 'template.secrets',
  },
  ...(env !== undefined && { env }),
  ...(defaults !== undefined && { defaults }),
  ...(stages !== undefined && { stages: { ...stages, required: true } }),
  outputs: {
    shape: oneOf(record('outputs', variableNames, text), nothing),
    says: 'What others see as outputs of the stage that uses the template: texts, mostly of outputs of its stages.',
    fallback: 'none',
    section: 'template.outputs',
  },
};

export const template: MapShape = map('a template', templateKeys);
