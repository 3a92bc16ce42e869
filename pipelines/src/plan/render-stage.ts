// Fills in the templates of a stage, everywhere that a stage may hold one.
import { envLookup, noEnv } from '../language/expression/env-lookup.ts';
import type { Scope } from '../language/expression/scope.ts';
import type {
  CacheKey,
  EnvValue,
  ServiceDefinition,
  StageKeeping,
  StageWork,
} from '../language/definition.ts';
import { err, ok, unreachable, type Result } from '../result.ts';

type Env = Readonly<Record<string, EnvValue>>;
export type Render = (template: string, scope: Scope) => Result<string, string>;

export interface RenderedStage {
  readonly env: Env;
  readonly work: StageWork;
}

/** `pipelineEnv` is the layer below the stage's own. The first template without a value is the error. */
export function renderStage(
  stage: RenderedStage,
  pipelineEnv: Env,
  scope: Omit<Scope, 'env'>,
  render: Render,
): Result<RenderedStage, string> {
  const problems: string[] = [];
  const fillIn: FillIn = (where, template, inner) => {
    const rendered = render(template, inner);
    if (rendered.ok) return rendered.value;
    problems.push(`${where}: ${rendered.error}`);
    return template;
  };
  const below: Scope = { ...scope, env: envLookup([pipelineEnv], scope) };
  const within: Scope = { ...scope, env: envLookup([pipelineEnv, stage.env], scope) };
  const env = renderEnv(stage.env, below, fillIn);
  const forLayer = (env: Env): Scope => ({ ...scope, env: envLookup([pipelineEnv, stage.env, env], scope) });
  const work = renderWork(stage.work, within, forLayer, fillIn);
  const [problem] = problems;
  return problem === undefined ? ok({ env, work }) : err(problem);
}

/** The pipeline's own `env`, which may not name other variables. */
export function renderPipelineEnv(env: Env, scope: Omit<Scope, 'env'>, render: Render): Env {
  const fillIn: FillIn = (_where, template, inner) => {
    const rendered = render(template, inner);
    return rendered.ok ? rendered.value : template;
  };
  return renderEnv(env, { ...scope, env: noEnv }, fillIn);
}

type FillIn = (where: string, template: string, scope: Scope) => string;

function renderEnv(env: Env, scope: Scope, fillIn: FillIn): Env {
  return mapValues(env, (value, name) =>
    value.kind === 'text' ? { kind: 'text', text: fillIn(`env.${name}`, value.text, scope) } : value,
  );
}

/** A metric's query keeps its `${{ version }}`: that is filled in for each side when it is measured. */
function renderWork(work: StageWork, scope: Scope, forLayer: (env: Env) => Scope, fillIn: FillIn): StageWork {
  switch (work.kind) {
    case 'steps':
      return {
        ...work,
        image: work.image === null ? null : fillIn('image', work.image, scope),
        services: work.services.map((service) => renderService(service, scope, forLayer, fillIn)),
        steps: work.steps.map((step) => ({
          ...step,
          env: renderEnv(step.env, scope, fillIn),
          run: fillIn(`step "${step.name}"`, step.run, forLayer(step.env)),
        })),
        ...(work.keeps !== undefined && { keeps: renderKeeps(work.keeps, scope, fillIn) }),
      };
    case 'build':
      return { ...work, args: mapValues(work.args, (arg, name) => fillIn(`build.args.${name}`, arg, scope)) };
    case 'push':
      return {
        ...work,
        to: fillIn('push.to', work.to, scope),
        tags: work.tags.map((tag) => fillIn('push.tags', tag, scope)),
        ...(work.replicate !== undefined && {
          replicate: work.replicate.map((each) => fillIn('push.replicate', each, scope)),
        }),
      };
    case 'deploy':
      return {
        ...work,
        ...(work.chart !== undefined && {
          chart: {
            ...work.chart,
            set: mapValues(work.chart.set, (value, name) =>
              typeof value === 'string' ? fillIn(`deploy.chart.set.${name}`, value, scope) : value,
            ),
          },
        }),
        container:
          work.container === null
            ? null
            : { ...work.container, env: renderEnv(work.container.env, scope, fillIn) },
      };
    case 'scan':
    case 'approve':
    case 'matrix':
    case 'use':
      return work;
    default:
      return unreachable(work);
  }
}

function renderKeeps(keeps: StageKeeping, scope: Scope, fillIn: FillIn): StageKeeping {
  const renderKey = (key: CacheKey): CacheKey =>
    key.map((part) =>
      part.kind === 'text' ? { kind: 'text', text: fillIn('cache.key', part.text, scope) } : part,
    );
  const cache = keeps.cache.map((rule) => ({
    ...rule,
    key: renderKey(rule.key),
    restore: rule.restore.map(renderKey),
  }));
  return { ...keeps, cache };
}

function renderService(
  service: ServiceDefinition,
  scope: Scope,
  forLayer: (env: Env) => Scope,
  fillIn: FillIn,
): ServiceDefinition {
  const where = `services.${service.name}`;
  const inner = forLayer(service.env);
  return {
    ...service,
    image: fillIn(`${where}.image`, service.image, scope),
    env: renderEnv(service.env, scope, fillIn),
    command: service.command?.map((word) => fillIn(`${where}.command`, word, inner)) ?? null,
    ready: service.ready === null ? null : fillIn(`${where}.ready`, service.ready, inner),
  };
}

const mapValues = <T, U>(
  record: Readonly<Record<string, T>>,
  change: (value: T, key: string) => U,
): Record<string, U> =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value, key)]));
