// For tests: plans as sentences. `aPlan().stage('build').stage('test', { needs: ['build'] }).done()`
import type { RetryPolicy, StageWork, StepsWork } from '../language/definition.ts';
import type { PushTrigger } from '../trigger/trigger.ts';
import type { Plan, PlannedStage } from './plan.ts';

export const aTrigger: PushTrigger = {
  event: 'push',
  repository: 'acme/shop',
  actor: 'ada',
  branch: 'main',
  commit: { sha: 'a'.repeat(40), message: 'make it so', author: 'ada' },
  changedFiles: null,
};

export const oneTry: RetryPolicy = {
  attempts: 1,
  delayMs: 0,
  factor: 1,
  maxDelayMs: 60_000,
  on: ['infrastructure', 'image-pull'],
};

const aCommand: StepsWork = {
  kind: 'steps',
  image: 'busybox:1',
  checkout: true,
  shell: 'sh',
  network: true,
  services: [],
  user: null,
  readOnlyRoot: false,
  pod: null,
  resources: { cpu: null, memoryBytes: null, pids: null },
  steps: [{ name: 'run', run: 'true', if: null, env: {}, timeoutMs: null, retry: null }],
  outputs: {},
};

interface StageOptions {
  readonly needs?: readonly string[];
  readonly optionalNeeds?: readonly string[];
  readonly if?: string;
  readonly retry?: Partial<RetryPolicy>;
  readonly allowFailure?: boolean | readonly number[];
  readonly work?: StageWork;
  /** Inputs with which the result of another run is taken over. */
  readonly reuse?: readonly string[];
  /** Paths that a stage with `reuse` keeps. */
  readonly artifacts?: readonly string[];
  readonly excluded?: string;
}

export interface PlanBuilder {
  readonly stage: (id: string, options?: StageOptions) => PlanBuilder;
  readonly done: () => Plan;
}

export function aPlan(stages: readonly PlannedStage[] = []): PlanBuilder {
  return {
    stage: (id, options = {}) => aPlan([...stages, aStage(id, options)]),
    done: () => ({ pipeline: 'shop', trigger: aTrigger, inputs: {}, env: {}, stages }),
  };
}

function aStage(id: string, options: StageOptions): PlannedStage {
  return {
    id,
    needs: [
      ...(options.needs ?? []).map((stage) => ({ stage, optional: false })),
      ...(options.optionalNeeds ?? []).map((stage) => ({ stage, optional: true })),
    ],
    if: options.if ?? null,
    env: {},
    timeoutMs: 1_800_000,
    retry: { ...oneTry, ...options.retry },
    allowFailure: options.allowFailure ?? false,
    work: options.work ?? keeping(options),
    decision: {
      included: options.excluded === undefined,
      reasons: options.excluded === undefined ? [] : [options.excluded],
    },
  };
}

function keeping({ reuse, artifacts }: StageOptions): StepsWork {
  if (reuse === undefined) return aCommand;
  const rule = artifacts === undefined ? null : { paths: artifacts, keepMs: 86_400_000, if: null };
  const keeps = { artifacts: rule, artifactsFrom: null, cache: [], reuse: { inputs: reuse } };
  return { ...aCommand, keeps };
}
