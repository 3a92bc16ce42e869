import type { EnvValue, StageDefinition, StageWork } from '../definition.ts';
import { mapValues } from './map-values.ts';
import type { TemplateDefinition } from './template-definition.ts';

type Rename = (name: string) => string;
type Env = Readonly<Record<string, EnvValue>>;

/** The template with the secrets of who uses it, everywhere that a secret is named. */
export function renameSecrets(template: TemplateDefinition, rename: Rename): TemplateDefinition {
  if (template.secrets.length === 0) return template;
  const stages = template.stages.map((stage): StageDefinition => ({
    ...stage,
    env: inEnv(stage.env, rename),
    work: inWork(stage.work, rename),
  }));
  return { ...template, env: inEnv(template.env, rename), stages };
}

function inWork(work: StageWork, rename: Rename): StageWork {
  switch (work.kind) {
    case 'steps':
      return {
        ...work,
        steps: work.steps.map((step) => ({ ...step, env: inEnv(step.env, rename) })),
        services: work.services.map((service) => ({ ...service, env: inEnv(service.env, rename) })),
      };
    case 'build':
      return work.secrets === undefined ? work : { ...work, secrets: work.secrets.map(rename) };
    case 'push':
      return work.sign === undefined ? work : { ...work, sign: rename(work.sign) };
    case 'deploy':
      return work.container === null
        ? work
        : { ...work, container: { ...work.container, env: inEnv(work.container.env, rename) } };
    case 'use':
      return { ...work, env: inEnv(work.env, rename) };
    default:
      return work;
  }
}

const inEnv = (env: Env, rename: Rename): Env =>
  mapValues(env, (value) =>
    value.kind === 'secret' ? { kind: 'secret', secret: rename(value.secret) } : value,
  );
