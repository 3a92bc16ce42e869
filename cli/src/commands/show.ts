// `sluice show`: one run: each stage with its state and why, who waits and behind whom, and what to type next.
import { templateLine, templatesOf } from '@sluice/pipelines/plan/templates-of';
import pc from 'picocolors';
import type { RolloutView, RunView } from '@sluice/pipelines/protocol/api';
import { formatDiagnostic } from '@sluice/pipelines/language/format-diagnostic';
import type { StageState } from '@sluice/pipelines/run/run-state';
import { explainWait } from '@sluice/pipelines/schedule/wait-reason';
import { unreachable } from '@sluice/pipelines/result';
import type { ApiClient } from '../api-client.ts';
import { duration } from '../duration.ts';
import { age, stateWord } from '../state-word.ts';
import { findRun } from './find-run.ts';
import { formatClusters } from './format-clusters.ts';
import { formatLadder } from './format-ladder.ts';

export async function showRun(
  api: ApiClient,
  name: string,
  options: { readonly json: boolean },
  now: number,
): Promise<string> {
  const run = await findRun(api, name);
  if (options.json) return JSON.stringify(run, null, 2);
  const going = run.rollouts.filter(({ stage }) => run.state?.stages[stage]?.status === 'running');
  const views = await Promise.all(going.map(({ id }) => api.call<RolloutView>('GET', `/api/rollouts/${id}`)));
  return formatRun(run, now, views);
}

/** `now`: milliseconds since the epoch. */
export function formatRun(run: RunView, now: number, rollouts: readonly RolloutView[] = []): string {
  return [
    `${pc.bold(`#${run.number}`)}  ${stateWord(run.status)}${run.repository} ${pc.dim(run.pipeline)}  ${pc.cyan(run.ref)}  ${run.commit.sha.slice(0, 7)}`,
    `      ${firstLine(run.commit.message)} ${pc.dim(`· ${run.event.replace('_', ' ')} by ${run.actor}, ${age(now - run.createdAt)}${fileOf(run)}`)}`,
    ...(run.plan === null ? [] : templatesOf(run.plan)).map((each) =>
      pc.dim(`      uses ${templateLine(each)}`),
    ),
    ...(run.willFail === null ? [] : [pc.red(`      will fail: stage ${run.willFail.stage} failed`)]),
    ...waitsOf(run, null, now).map((why) => pc.dim(`      ${why}`)),
    ...run.diagnostics.map((diagnostic) => formatDiagnostic(diagnostic)),
    '',
    ...run.stages.flatMap((stage) => stageLines(run, stage, now)),
    ...rollouts.flatMap((view) => [
      '',
      view.clusters === undefined ? formatLadder(view.rollout) : formatClusters(view, view.clusters),
    ]),
    ...nextSteps(run),
  ].join('\n');
}

const fileOf = ({ plan }: RunView): string => (plan?.file === undefined ? '' : ` · ${plan.file}`);

function stageLines(run: RunView, { id, status }: RunView['stages'][number], now: number): readonly string[] {
  const state = run.state?.stages[id];
  const attempts = run.attempts.filter(({ stage }) => stage === id).length;
  const tries = attempts > 1 ? pc.dim(`  attempt ${attempts}`) : '';
  const waits = waitsOf(run, id, now);
  const why = waits.length > 0 || state === undefined ? waits : [reasonOf(state, now)];
  return [`  ${stateWord(status)}${id}${tries}`, ...why.flatMap(indented)];
}

const waitsOf = ({ waits = [] }: RunView, stage: string | null, now: number): readonly string[] =>
  waits.filter((wait) => wait.stage === stage).map(({ why }) => explainWait(why, now));

/** Empty where the state says it all. */
function reasonOf(state: StageState, now: number): string {
  switch (state.status) {
    case 'waiting':
    case 'queued':
    case 'cancelled':
    case 'skipped':
      return state.reason;
    case 'retrying':
      return `${state.reason}; again in ${duration(state.dueAt - now)}`;
    case 'running':
      return `on ${state.worker} for ${duration(now - state.startedAt)}`;
    case 'awaiting-approval':
      return `asked ${age(now - state.since)}, votes so far: ${state.votes.length}`;
    case 'succeeded':
      return [
        `in ${duration(state.finishedAt - state.startedAt)}`,
        ...(state.reason === null ? [] : [state.reason]),
      ].join(', ');
    case 'failed':
      return `${state.failure.class}: ${state.failure.message}`;
    default:
      return unreachable(state);
  }
}

const indented = (text: string): readonly string[] =>
  text.split('\n').map((line) => pc.dim(`${' '.repeat(19)}${line}`));

const firstLine = (text: string): string => text.split('\n')[0] ?? '';

/** What a person most likely does now. */
function nextSteps(run: RunView): readonly string[] {
  const steps = [
    ...(run.status === 'awaiting-approval' ? [`sluice approve ${run.number}`] : []),
    ...(run.status === 'failed' && run.plan !== null ? [`sluice rerun ${run.number} --failed`] : []),
    ...(run.attempts.length > 0
      ? [`sluice logs ${run.number}${run.finishedAt === null ? ' --follow' : ''}`]
      : []),
  ];
  return steps.length === 0 ? [] : ['', ...steps.map((step) => pc.dim(`  ${step}`))];
}
