// `sluice replay`: makes every decision of a rollout again from its stored evidence.
import pc from 'picocolors';
import type { ReplayView, RunView } from '@sluice/pipelines/protocol/api';
import type { ComparedDecision } from '@sluice/pipelines/rollout/compare-decisions';
import { ApiError, type ApiClient } from '../api-client.ts';
import { findRun } from './find-run.ts';

export interface ReplayOptions {
  /** Text of another pipeline file; null: the rollout's own settings. */
  readonly pipeline: string | null;
  /** The stage whose rollout is meant, and whose settings are taken from the other file. */
  readonly stage?: string;
  readonly json: boolean;
}

/** True where the recorded decisions hold: always with other settings, which are only a question. */
export async function replayRollout(
  api: ApiClient,
  name: string,
  options: ReplayOptions,
  write: (text: string) => void,
): Promise<boolean> {
  const id = await rolloutId(api, name, options.stage);
  const path = `/api/rollouts/${encodeURIComponent(id)}/replay`;
  const { pipeline, stage } = options;
  const view =
    pipeline === null
      ? await api.call<ReplayView>('GET', path)
      : await api.call<ReplayView>('POST', path, { pipeline, ...(stage === undefined ? {} : { stage }) });
  write(options.json ? JSON.stringify(view, null, 2) : formatReplay(view, pipeline !== null));
  return view.brokenChainAt === null && (pipeline !== null || view.isSame);
}

/** A rollout by its id, or by the number of its run. */
async function rolloutId(api: ApiClient, name: string, stage?: string): Promise<string> {
  if (!/^#?\d+$/.test(name)) return name;
  const run: RunView = await findRun(api, name);
  const found = run.rollouts.filter((rollout) => stage === undefined || rollout.stage === stage);
  const [last] = found.slice(-1);
  if (last === undefined) throw new ApiError(`run ${name} has no such rollout`, 'not-found', null);
  const stages = [...new Set(found.map((rollout) => rollout.stage))];
  if (stages.length === 1) return last.id;
  const message = `run ${name} has several rollouts: name one with --stage (${stages.join(', ')})`;
  throw new ApiError(message, 'ambiguous', null);
}

export function formatReplay(view: ReplayView, isChanged: boolean): string {
  const lines = view.decisions.flatMap((decision, index) => formatDecision(decision, index + 1));
  return [
    ...view.changes.map((change) => `${pc.dim('with')} ${change}`),
    ...view.notes.map((note) => `${pc.yellow('note')} ${note}`),
    ...lines,
    conclusion(view, isChanged),
    ...(view.parted === null ? [] : [`${pc.dim('up to')} ${time(view.parted.at)}: ${view.parted.reason}`]),
    chain(view),
  ].join('\n');
}

function formatDecision(
  { recorded, replayed, isSame, differences }: ComparedDecision,
  number: number,
): string[] {
  const place = String(number).padStart(3);
  if (isSame && recorded !== null) return [`${place} ${pc.green('=')} ${inWords(recorded)}`];
  return [
    ...(recorded === null ? [] : [`${place} ${pc.red('-')} ${inWords(recorded)}`]),
    ...(replayed === null ? [] : [`${place} ${pc.cyan('+')} ${inWords(replayed)}`]),
    ...differences.map((difference) => pc.dim(`      ${difference}`)),
  ];
}

const inWords = (decision: NonNullable<ComparedDecision['recorded']>): string =>
  `${time(decision.at)} ${decision.kind}: ${decision.reason}`;

function conclusion({ isSame, ends, judges, decisions }: ReplayView, isChanged: boolean): string {
  const ending = `${ends.recorded} → ${ends.replayed}`;
  if (isSame) return `${pc.green('same')} ${decisions.length} decisions, byte for byte (${ends.recorded})`;
  if (isChanged) return `${pc.cyan('different')} ${ending}`;
  const others = judges.recorded.filter((judge) => judge !== judges.replayed);
  const why =
    others.length === 0 ? '' : `; recorded by the judge ${others.join(', ')}, this is ${judges.replayed}`;
  return `${pc.red('different')} ${ending}${why}`;
}

const chain = ({ brokenChainAt }: ReplayView): string =>
  brokenChainAt === null
    ? pc.dim('the chain of hashes is whole')
    : pc.red(`the chain of hashes is broken at decision ${brokenChainAt}: it was changed after it was made`);

const time = (at: number): string => new Date(at).toISOString().slice(0, 19).replace('T', ' ');
