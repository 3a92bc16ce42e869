// What a worker says about an action of a rollout. Counters decide over promotion, so nothing that is not a plain
// finite number gets past this parser.
import { z } from 'zod';
import type {
  ActionResult,
  Observation,
  RequestMatch,
  SideFacts,
  TargetFacts,
} from '../rollout/rollout-state.ts';
import { err, ok, type Result } from '../result.ts';
import type { ActionReport } from './worker-api.ts';

/** The error is one line that names each wrong field, such as `result.facts.stable.ready: expected number`. */
export function parseActionReport(input: unknown): Result<ActionReport, string> {
  const parsed = actionReport.safeParse(input);
  if (parsed.success) return ok(parsed.data);
  const problems = parsed.error.issues.slice(0, 5).map((issue) => {
    const field = issue.path.join('.') || 'body';
    return `${field}: ${issue.message}`;
  });
  return err(`not a report of an action: ${problems.join('; ')}`);
}

const count = z.number().int().min(0).max(1_000_000);
const percent = z.number().min(0).max(100);
const text = z.string().max(10_000);
const counter = z.number().min(0);
const milliseconds = z.number().min(0).nullable();

const sideFacts: z.ZodType<SideFacts> = z.object({
  version: z.string().max(300),
  image: z.string().max(1_000),
  replicas: count,
  ready: count,
  weightPercent: percent,
  problem: text.nullable(),
  inPlace: z.boolean().exactOptional(),
});

const matchKind = z.enum(['header', 'cookie', 'query']);
const requestMatch: z.ZodType<RequestMatch> = z.object({
  kind: matchKind,
  name: z.string().max(300),
  value: z.string().max(1_000),
});

const targetFacts: z.ZodType<TargetFacts> = z.object({
  stable: sideFacts.nullable(),
  canary: sideFacts.nullable(),
  address: z.string().max(2_000).nullable(),
  weightStepPercent: z.number().positive().max(100).exactOptional(),
  traffic: z.object({ match: z.array(requestMatch).max(20), mirrorPercent: percent }).exactOptional(),
  can: z
    .object({ router: z.string().max(100), match: z.array(matchKind).max(3), mirror: z.boolean() })
    .exactOptional(),
  guard: z.object({ problem: text.nullable() }).exactOptional(),
});

const seriesValues = z.record(z.string(), counter);
const counterReading = z.object({ bad: seriesValues, total: seriesValues });
const latencyReading = z.object({ meanMs: milliseconds, p95Ms: milliseconds, maxMs: milliseconds });

const countsPerInterval = z.array(counter).max(1_000);
const metricHistory = z.object({
  everyMs: z.number().int().min(1),
  requests: countsPerInterval,
  bad: countsPerInterval,
});

const observation: z.ZodType<Observation> = z.object({
  at: z.number().int(),
  metrics: z.record(
    z.string(),
    z.discriminatedUnion('kind', [
      z.object({
        kind: z.literal('read'),
        stable: counterReading.nullable(),
        canary: counterReading.nullable(),
        borderMs: z.number().positive().exactOptional(),
      }),
      z.object({
        kind: z.literal('value'),
        stable: counter.nullable(),
        canary: counter.nullable(),
      }),
      z.object({ kind: z.literal('error'), message: text }),
    ]),
  ),
  latency: z.object({ stable: latencyReading.nullable(), canary: latencyReading.nullable() }),
  history: z.record(z.string(), metricHistory).exactOptional(),
  days: z.record(z.string(), metricHistory).exactOptional(),
});

const actionResult: z.ZodType<ActionResult> = z.discriminatedUnion('result', [
  z.object({ result: z.literal('done'), facts: targetFacts, observation: observation.nullable() }),
  z.object({ result: z.literal('answered'), agrees: z.boolean(), message: text }),
  z.object({
    result: z.literal('failed'),
    reason: z.string().regex(/^[a-z][a-z0-9-]{0,99}$/, 'expected a kebab-case word'),
    message: text,
    retryable: z.boolean(),
  }),
]);

const actionReport: z.ZodType<ActionReport> = z.object({
  fence: z.number().int().min(1),
  result: actionResult,
  lines: z.array(text).max(10_000),
});
