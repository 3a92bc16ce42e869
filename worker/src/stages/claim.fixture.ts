import { randomUUID } from 'node:crypto';
import type { StepDefinition, StepsWork } from '@sluice/pipelines/language/definition';
import type { Claim } from '@sluice/pipelines/protocol/worker-api';

/** A claim of a stage with these steps; texts are their scripts. */
export function aClaim(
  steps: readonly (string | Partial<StepDefinition>)[],
  change: Partial<Claim> & { readonly work?: Partial<StepsWork>; readonly timeoutMs?: number } = {},
): Claim {
  const { work, timeoutMs = 60_000, ...claim } = change;
  return {
    attemptId: randomUUID(),
    runId: randomUUID(),
    runNumber: 12,
    project: 'default',
    fence: 1,
    installation: 'test',
    attempt: 1,
    stage: {
      id: 'test',
      needs: [],
      if: null,
      env: {},
      timeoutMs,
      retry: { attempts: 1, delayMs: 0, factor: 1, maxDelayMs: 0, on: [] },
      allowFailure: false,
      decision: { included: true, reasons: [] },
      work: {
        kind: 'steps',
        image: 'any',
        checkout: false,
        shell: 'sh',
        network: true,
        services: [],
        user: null,
        readOnlyRoot: false,
        pod: null,
        resources: { cpu: null, memoryBytes: null, pids: null },
        outputs: {},
        steps: steps.map(aStep),
        ...work,
      },
    },
    env: {},
    secrets: {},
    checkout: {
      repositoryId: 'r',
      url: 'file:///nowhere',
      commit: '0'.repeat(40),
      username: null,
      password: null,
    },
    outputs: {},
    registryCredentials: [],
    stepLogBytes: 1_000_000_000,
    ...claim,
  };
}

function aStep(step: string | Partial<StepDefinition>, at: number): StepDefinition {
  const base = { name: `step ${at + 1}`, run: 'true', if: null, env: {}, timeoutMs: null, retry: null };
  return typeof step === 'string' ? { ...base, run: step } : { ...base, ...step };
}
