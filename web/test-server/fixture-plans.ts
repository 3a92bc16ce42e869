import type { DeployWork, StageWork } from '@sluice/pipelines/language/definition';
import type { Plan, PlannedStage } from '@sluice/pipelines/plan/plan';
import type { Trigger } from '@sluice/pipelines/trigger/trigger';

/** The shop's pipeline: checks, an image, a staging deploy, an approval and a canary. */
export function shopPlan(trigger: Trigger): Plan {
  return {
    pipeline: 'shop',
    trigger,
    inputs: {},
    env: {},
    stages: [
      stage('lint', [], steps('oxlint', 'prettier')),
      stage('unit', [], steps('npm ci', 'npm test')),
      stage('integration', ['lint'], steps('start services', 'migrate', 'npm run test:integration')),
      stage('build', ['lint'], { kind: 'build', file: 'Dockerfile', context: '.', target: null, args: {} }),
      stage('scan', ['build'], { kind: 'scan', of: 'build', failOn: 'high', noData: 'fail', allow: [] }),
      stage('push', ['unit', 'integration', 'scan'], {
        kind: 'push',
        of: 'build',
        to: 'registry.example.com/shop',
        tags: ['main'],
      }),
      stage('docs', ['unit'], steps('publish'), {
        if: 'trigger.changed("docs/**")',
        decision: { included: false, reasons: ['no changed file matches docs/**'] },
      }),
      stage('staging', ['push'], deploy('staging', 'rolling')),
      stage('sign-off', ['staging'], {
        kind: 'approve',
        approval: { by: ['release-managers'], count: 1, withinMs: 7_200_000, notAuthor: true },
      }),
      stage('production', ['sign-off'], deploy('production', 'canary')),
    ],
  };
}

export function stage(
  id: string,
  needs: readonly string[],
  work: StageWork,
  more: Partial<PlannedStage> = {},
): PlannedStage {
  return {
    id,
    needs: needs.map((need) => ({ stage: need, optional: false })),
    if: null,
    env: {},
    timeoutMs: 3_600_000,
    retry: {
      attempts: 2,
      delayMs: 10_000,
      factor: 2,
      maxDelayMs: 60_000,
      on: ['infrastructure', 'worker-lost'],
    },
    allowFailure: false,
    work,
    decision: { included: true, reasons: [] },
    ...more,
  };
}

export function steps(...names: readonly string[]): StageWork {
  return {
    kind: 'steps',
    image: 'node:20-slim',
    checkout: true,
    shell: 'sh',
    network: true,
    services: [],
    user: null,
    readOnlyRoot: false,
    pod: null,
    resources: { cpu: null, memoryBytes: null, pids: null },
    steps: names.map((name) => ({ name, run: name, if: null, env: {}, timeoutMs: null, retry: null })),
    outputs: {},
  };
}

export function deploy(environment: string, strategy: DeployWork['strategy']): DeployWork {
  return {
    kind: 'deploy',
    environment,
    image: 'push',
    manifests: null,
    container: { port: 3000, replicas: 4, env: {}, health: '/healthz' },
    strategy,
    steps:
      strategy === 'rolling'
        ? []
        : [
            { kind: 'set-weight', percent: 1 },
            { kind: 'analysis', forMs: 300_000 },
            { kind: 'set-weight', percent: 10 },
            { kind: 'analysis', forMs: 600_000 },
            {
              kind: 'approve',
              approval: { by: ['release-managers'], count: 1, withinMs: 7_200_000, notAuthor: true },
            },
            { kind: 'set-weight', percent: 50 },
            { kind: 'pause', forMs: 120_000 },
            { kind: 'analysis', forMs: 600_000 },
          ],
    metrics: {},
    confidence: 0.95,
    intervalMs: 10_000,
    noData: 'wait',
    onInconclusive: 'hold',
    bakeMs: 900_000,
    drainMs: 30_000,
    deadlineMs: 7_200_000,
  };
}
