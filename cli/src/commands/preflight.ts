// `sluice preflight`: the gate on an environment's own past, before anything is started.
import pc from 'picocolors';
import type { PreflightView } from '@sluice/pipelines/protocol/api';
import type { ApiClient } from '../api-client.ts';
import { age } from '../state-word.ts';

export interface PreflightOptions {
  /** Text of a pipeline file; null: the settings of the last release. */
  readonly pipeline: string | null;
  readonly stage?: string;
  readonly json: boolean;
}

export async function preflightEnvironment(
  api: ApiClient,
  environment: string,
  { pipeline, stage, json }: PreflightOptions,
  now: number,
): Promise<string> {
  const path = `/api/environments/${encodeURIComponent(environment)}/preflight`;
  const view = await api.call<PreflightView>('POST', path, { pipeline, stage: stage ?? null });
  if (json) return JSON.stringify(view, null, 2);
  const [first = '', ...others] = view.lines;
  const when = pc.dim(`the past was read ${age(now - view.readAt)}, when a rollout began`);
  return [first, ...others.map((line) => `  ${line}`), when].join('\n');
}
