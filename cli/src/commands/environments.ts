// `sluice environments`: what runs where, what is frozen and until when; its freeze windows from a file.
import pc from 'picocolors';
import type { Freeze } from '@sluice/pipelines/freeze/freeze-at';
import { freezeRules } from '@sluice/pipelines/freeze/freeze-rules';
import { environmentTarget } from '@sluice/pipelines/protocol/environment';
import { readSettings } from '@sluice/pipelines/read-settings';
import { wallClock } from '@sluice/pipelines/cron/time-zone';
import type { EnvironmentView, FreezeView, ReleaseView, RunView } from '@sluice/pipelines/protocol/api';
import { ApiError, type ApiClient } from '../api-client.ts';
import { formatDuration } from '@sluice/pipelines/rollout/figures';
import { age } from '../state-word.ts';
import { findRun } from './find-run.ts';
import { clusterLines, wrongLines } from './format-clusters.ts';

export async function listEnvironments(
  api: ApiClient,
  options: { readonly json: boolean },
  now: number,
): Promise<string> {
  const { environments } = await readEnvironments(api);
  if (options.json) return JSON.stringify(environments, null, 2);
  if (environments.length === 0) return 'no environments yet: add one on the page, under Environments';
  return environments.flatMap((environment) => formatEnvironment(environment, now)).join('\n');
}

/** Without a text: what the windows are now. `text`: YAML or JSON of `{ windows, starts, breakGlass }`. */
export async function freezeEnvironment(
  api: ApiClient,
  name: string,
  text: string | null,
  now: number,
): Promise<string> {
  if (text === null) {
    const { environments } = await readEnvironments(api);
    const found = environments.find((environment) => environment.name === name);
    if (found?.freeze === undefined) {
      throw new ApiError(`there is no environment "${name}"`, 'unknown-environment', 404);
    }
    return formatFreeze(found.freeze, now);
  }
  const path = `/api/environments/${encodeURIComponent(name)}/freeze`;
  const rules = readSettings(freezeRules, text);
  if (!rules.ok) throw new ApiError(`the windows cannot be used:\n${rules.error}`, 'bad-windows', null);
  return formatFreeze(await api.call<FreezeView>('PUT', path, rules.value.written), now);
}

/** `text`: YAML or JSON of its target, with one place or several clusters. */
export async function saveEnvironment(api: ApiClient, name: string, text: string): Promise<string> {
  const target = readSettings(environmentTarget, text);
  if (!target.ok) throw new ApiError(`the target cannot be used:\n${target.error}`, 'bad-target', null);
  const path = `/api/environments/${encodeURIComponent(name)}`;
  await api.call('PUT', path, target.value.written);
  const { read } = target.value;
  const where = read.kind === 'clusters' ? `${read.clusters.length} clusters` : read.kind;
  return `${name} is saved: ${where}`;
}

/** Lets the rollout of a run that a freeze holds go on. */
export async function breakGlass(api: ApiClient, name: string, reason: string): Promise<string> {
  const run = await findRun(api, name);
  const frozen = run.rollouts.find(({ phase }) => phase === 'frozen');
  if (frozen === undefined) {
    throw new ApiError(`no freeze holds run #${run.number}`, 'not-frozen', null);
  }
  await api.call('POST', `/api/rollouts/${frozen.id}/break-glass`, { reason });
  return `${frozen.stage} of run #${run.number} goes on in spite of the freeze`;
}

/** What was released there: when, by whom, from which commit, and how it ended. */
export async function listReleases(
  api: ApiClient,
  name: string,
  options: { readonly limit: number; readonly json: boolean },
  now: number,
): Promise<string> {
  const path = `/api/environments/${encodeURIComponent(name)}/releases?limit=${options.limit}`;
  const { releases } = await api.call<{ readonly releases: readonly ReleaseView[] }>('GET', path);
  if (options.json) return JSON.stringify(releases, null, 2);
  if (releases.length === 0) return `nothing was released to ${name} yet`;
  const current = releases.find(({ outcome }) => outcome === 'succeeded');
  return releases.flatMap((release) => formatRelease(release, release === current, now)).join('\n');
}

function formatRelease(release: ReleaseView, isCurrent: boolean, now: number): readonly string[] {
  const { version, image, commit, by, at, outcome, reason, rolloutId } = release;
  const how = outcome === 'succeeded' ? pc.green('released   ') : pc.red('rolled back');
  const evidence = rolloutId === undefined ? '' : `, evidence: sluice replay ${rolloutId}`;
  return [
    `${how} ${pc.bold(version)}${isCurrent ? pc.cyan(' runs now') : ''} ${pc.dim(`${age(now - at)}, by ${by}`)}`,
    `            ${pc.dim(`commit ${commit.slice(0, 10)}, ${image}${evidence}`)}`,
    ...(reason === null ? [] : [`            ${reason}`]),
  ];
}

/** Starts a run that puts an earlier release back; the last one with another image, where none is named. */
export async function rollBack(
  api: ApiClient,
  name: string,
  options: { readonly to?: string; readonly reason: string },
): Promise<string> {
  const releaseId = options.to === undefined ? null : await releaseOf(api, name, options.to);
  const path = `/api/environments/${encodeURIComponent(name)}/rollback`;
  const { runId } = await api.call<{ readonly runId: string }>('POST', path, {
    releaseId,
    reason: options.reason,
  });
  const run = await api.call<RunView>('GET', `/api/runs/${runId}`);
  return `run #${run.number} rolls ${name} back`;
}

const readEnvironments = (api: ApiClient) =>
  api.call<{ readonly environments: readonly EnvironmentView[] }>('GET', '/api/environments');

async function releaseOf(api: ApiClient, name: string, version: string): Promise<string> {
  const path = `/api/environments/${encodeURIComponent(name)}/releases?limit=200`;
  const { releases: history } = await api.call<{ readonly releases: readonly ReleaseView[] }>('GET', path);
  const found = history.find((release) => release.version === version && release.outcome === 'succeeded');
  if (found !== undefined) return found.id;
  const known = history.filter(({ outcome }) => outcome === 'succeeded').map((release) => release.version);
  const message = `${name} has no release ${version} that succeeded; it has ${known.join(', ') || 'none'}`;
  throw new ApiError(message, 'unknown-release', 404);
}

function formatEnvironment(environment: EnvironmentView, now: number): string[] {
  const { name, current, activeRollout, freeze, drift, clusters = [] } = environment;
  const runs =
    current === null
      ? pc.dim('nothing deployed yet')
      : `${current.version} ${pc.dim(`since ${age(now - current.at)}, by ${current.by}`)}`;
  const rolling = activeRollout === null ? '' : pc.cyan('  a rollout is under way');
  return [
    `${pc.bold(name)}  ${runs}${rolling}`,
    ...clusterLines(clusters).map((line) => `  ${line}`),
    ...wrongLines(drift).map((line) => `  ${line}`),
    ...(freeze === undefined ? [] : freezeLines(freeze, now)).map((line) => `  ${line}`),
  ];
}

function formatFreeze(view: FreezeView, now: number): string {
  const { windows, starts, breakGlass: people } = view.rules;
  if (windows.length === 0) return 'no freeze windows: it is never frozen';
  const lines = windows.map(
    ({ name, kind, cron, duration: ms, timezone, reason }) =>
      `${kind === 'deny' ? pc.red(kind) : pc.green(kind)}  ${name}: ${cron} (${timezone}) for ${formatDuration(ms)}: ${reason}`,
  );
  const who = people.length === 0 ? 'administrators' : people.join(', ');
  const whenFrozen = starts === 'wait' ? 'waits' : 'is refused';
  return [
    ...lines,
    `a rollout that would begin in a freeze ${whenFrozen}; ${who} may break the glass`,
    ...freezeLines(view, now),
  ].join('\n');
}

function freezeLines({ rules, now: freeze, next }: FreezeView, now: number): readonly string[] {
  if (rules.windows.length === 0) return [];
  const present =
    freeze === null ? 'not frozen now' : pc.yellow(`frozen ${untilOf(freeze, now)}: ${whyOf(freeze)}`);
  if (next === null || next.since === null) return [present];
  const begin = `${wallClock(next.timezone, next.since)} (${next.timezone})`;
  return [present, pc.dim(`next freeze ${begin}: ${whyOf(next)}`)];
}

const whyOf = ({ window, reason }: Freeze): string =>
  `${window === null ? 'outside of the release windows' : `window "${window}"`}, ${reason}`;

const untilOf = ({ until, timezone }: Freeze, now: number): string =>
  until === null
    ? 'with no end in sight'
    : `until ${wallClock(timezone, until)} (${timezone}), ${formatDuration(until - now)} from now`;
