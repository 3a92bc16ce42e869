// What the server hands out for work. The envelope is checked field by field; the frozen parts of a plan inside
// it (a stage, a rollout) were built by the same `pipelines` code on the server and are checked by their kind.
import { z } from 'zod';
import { completeStage } from '@sluice/pipelines/plan/complete-stage';
import {
  defaultStepLogBytes,
  type ActionClaim,
  type Claim,
  type ClaimAnswer,
  type ActionClaimAnswer,
} from '@sluice/pipelines/protocol/worker-api';

const textRecord = z.record(z.string(), z.string());

const checkout = z.object({
  repositoryId: z.string().min(1),
  url: z.string(),
  commit: z.string(),
  username: z.string().nullable(),
  password: z.string().nullable(),
});
const registryCredentials = z.array(
  z.object({ host: z.string(), username: z.string(), password: z.string() }),
);

const claimEnvelope = z.object({
  attemptId: z.uuid(),
  runId: z.uuid(),
  runNumber: z.number().int(),
  project: z.string(),
  fence: z.number().int().min(1),
  installation: z.string().min(1),
  attempt: z.number().int().min(1),
  stage: z.object({
    id: z.string().min(1),
    timeoutMs: z.number().int().min(1),
    work: z.object({ kind: z.enum(['steps', 'build', 'scan', 'push', 'deploy', 'approve']) }),
  }),
  env: textRecord,
  secrets: textRecord,
  checkout,
  outputs: z.record(z.string(), textRecord),
  registryCredentials,
});

const actionEnvelope = z.object({
  rolloutId: z.uuid(),
  action: z.number().int().min(1),
  fence: z.number().int().min(1),
  installation: z.string().min(1),
  project: z.string(),
  what: z.object({ kind: z.string() }),
  spec: z.object({ environment: z.string(), version: z.string(), image: z.string() }),
  target: z.object({ kind: z.enum(['docker', 'kubernetes']) }),
  containerEnv: textRecord,
  kubeconfig: z.string().nullable(),
  checkout,
  registryCredentials,
  secrets: z.array(z.string()),
});

/** Passes the whole value on, checked by `schema`. */
function checkedBy<T>(schema: z.ZodType, what: string): z.ZodType<T> {
  return z.custom<T>((value) => schema.safeParse(value).success, {
    error: (issue) =>
      `${what} is malformed: ${z.prettifyError(schema.safeParse(issue.input).error ?? new z.ZodError([]))}`,
  });
}

export const claimAnswer: z.ZodType<ClaimAnswer> = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('claimed'),
    claim: checkedBy<Claim>(claimEnvelope, 'the claim').transform(completeClaim),
    isTakenOver: z.boolean().default(false),
  }),
  z.object({ kind: z.literal('refused'), reason: z.enum(['held', 'over', 'not-ready']) }),
]);

export const actionClaimAnswer: z.ZodType<ActionClaimAnswer> = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('claimed'),
    claim: checkedBy<ActionClaim>(actionEnvelope, 'the claim of an action'),
  }),
  z.object({ kind: z.literal('refused'), reason: z.enum(['held', 'over']) }),
]);

/** An earlier version of the server leaves out what it does not know. */
function completeClaim(claim: Claim): Claim {
  const unsaid = { stepLogBytes: defaultStepLogBytes };
  return { ...unsaid, ...claim, stage: completeStage(claim.stage) };
}
