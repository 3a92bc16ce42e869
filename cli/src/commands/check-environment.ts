// `sluice environments check`: has workers look at the places of an environment now, waits for them, and says what they saw.
import pc from 'picocolors';
import type {
  DriftView,
  EnvironmentCheckView,
  PlaceCheckView,
  WorkerView,
} from '@sluice/pipelines/protocol/api';
import { defaultPool } from '@sluice/pipelines/protocol/queues';
import { differenceInWords } from '@sluice/pipelines/rollout/drift';
import { formatDuration } from '@sluice/pipelines/rollout/figures';
import { missingInWords, rulesToAdd } from '@sluice/pipelines/rollout/missing-rights';
import { wrongWith } from '@sluice/pipelines/rollout/place-look';
import type { ApiClient } from '../api-client.ts';

export interface CheckParts {
  /** Between two questions how far it is. */
  readonly pause: () => Promise<void>;
  readonly now: () => number;
  readonly progress: (line: string) => void;
  /** For how long nobody may look at anything before it is given up. */
  readonly patienceMs: number;
}

/** `wrong`: something is wrong with a place; `unseen`: that is not known, but nobody has looked at one of them. */
export interface CheckResult {
  readonly outcome: 'good' | 'wrong' | 'unseen';
  readonly text: string;
}

/** Throws `ApiError` where the server refuses: while a rollout is under way, nobody looks. */
export async function checkEnvironment(
  api: ApiClient,
  name: string,
  cluster: string | null,
  parts: CheckParts,
): Promise<CheckResult> {
  const path = `/api/environments/${encodeURIComponent(name)}/check`;
  await api.call('POST', path, { cluster });
  const { places, activeRollout } = await waitForLooks(api, path, cluster, parts);
  const whyUnseen = places.some(isAwaited) ? await explainSilence(api, activeRollout, parts) : '';
  const lines = places.flatMap((place) => placeLines(name, place, whyUnseen));
  const isWrong = places.some((place) => !isAwaited(place) && wrongOf(place).length > 0);
  const outcome = isWrong ? 'wrong' : places.some(isAwaited) ? 'unseen' : 'good';
  return { outcome, text: lines.join('\n') };
}

async function waitForLooks(
  api: ApiClient,
  path: string,
  cluster: string | null,
  { pause, now, progress, patienceMs }: CheckParts,
): Promise<EnvironmentCheckView> {
  let [left, heardAt] = [Number.POSITIVE_INFINITY, now()];
  for (;;) {
    const all = await api.call<EnvironmentCheckView>('GET', path);
    const places = all.places.filter((place) => cluster === null || place.cluster === cluster);
    const awaited = places.filter(isAwaited).length;
    if (awaited < left) {
      [left, heardAt] = [awaited, now()];
      progress(`looked at ${places.length - awaited} of ${places.length}`);
    }
    if (awaited === 0 || now() - heardAt > patienceMs) return { ...all, places };
    await pause();
  }
}

const isAwaited = ({ look }: PlaceCheckView): boolean => look?.isAwaited === true;

const wrongOf = ({ look }: PlaceCheckView): readonly string[] => (look === null ? [] : wrongWith(look));

function placeLines(environment: string, place: PlaceCheckView, whyUnseen: string): readonly string[] {
  const name = pc.bold(place.cluster ?? environment);
  if (isAwaited(place)) return [`${pc.yellow('?')} ${name}  not looked at: ${whyUnseen}`];
  const { look } = place;
  if (look === null) {
    return [
      `· ${name}  nothing was released there yet: a Docker host is looked at from the first release on`,
    ];
  }
  const missing = look.missingRights ?? [];
  const sign = wrongOf(place).length === 0 ? pc.green('✓') : pc.red('✗');
  return [
    `${sign} ${name}  ${[...stateOf(place, look), ...rightsOf(place, look)].join('; ')}`,
    ...rulesToAdd(missing).map((rule) => `    ${rule}`),
  ];
}

function stateOf({ current }: PlaceCheckView, { problem, runs, differences }: DriftView): readonly string[] {
  if (problem !== null) return [problem];
  const found = runs === null || runs === undefined ? 'nothing of ours' : (runs.version ?? runs.image);
  if (current === null) return ['reachable', 'nothing was released there yet'];
  if (differences.length === 0) return ['reachable', `runs ${found} as it was released`];
  return ['reachable', `not as it was released: ${differences.map(differenceInWords).join('; ')}`];
}

function rightsOf(
  { kind, current }: PlaceCheckView,
  { problem, missingRights }: DriftView,
): readonly string[] {
  if (kind === 'docker') return [];
  if (missingRights === null || missingRights === undefined) {
    return problem === null ? ['which rights its credentials have, the cluster does not tell'] : [];
  }
  if (missingRights.length > 0) {
    return [`its credentials may not ${missingInWords(missingRights)}. Add to their Role:`];
  }
  return [
    current === null
      ? 'its credentials have the rights that every rollout needs (docs/kubernetes-deployments.yml has those of each kind)'
      : 'its credentials have the rights that its release needs',
  ];
}

/** Looks are made by workers of the default pool, for a Docker host by its own. */
async function explainSilence(
  api: ApiClient,
  activeRollout: string | null,
  { now, patienceMs }: CheckParts,
): Promise<string> {
  if (activeRollout !== null) return 'a rollout is under way, and before its end nobody looks';
  const { workers } = await api.call<{ readonly workers: readonly WorkerView[] }>('GET', '/api/workers');
  const heard = workers.filter(
    ({ pool, lastSeenAt }) => pool === defaultPool && now() - lastSeenAt < patienceMs,
  );
  const within = formatDuration(patienceMs);
  return heard.length === 0
    ? `no worker of the pool "${defaultPool}" was heard of within ${within}: start one that may reach the clusters`
    : `none of ${heard.length} workers of the pool "${defaultPool}" has looked within ${within}: is the one of its Docker host up, and are they of this version?`;
}
