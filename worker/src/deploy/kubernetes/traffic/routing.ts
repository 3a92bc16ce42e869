// Which router shares the traffic of a workload, as planned by the stage and as noted in the cluster.
import type { DeployWork, TrafficProvider } from '@sluice/pipelines/language/definition';
import type { Traffic } from '@sluice/pipelines/rollout/rollout-state';
import type { KubeClient } from '../kube-client.ts';
import type { KubeObject } from '../kube-objects.ts';
import { note } from '../marks.ts';
import type { OpenWorkload } from '../open-workload.ts';
import type { Release, Workload } from '../workload.ts';
import { isRouteObject, openRouter, parseProvider, providerText } from './choose-router.ts';
import { checkCanaryService, findPair, pairOf } from './service-pair.ts';
import type { ServicePair, TrafficRouter } from './traffic-router.ts';

export interface Routing {
  readonly provider: TrafficProvider;
  readonly router: TrafficRouter;
  readonly pair: ServicePair;
}

/** What the stage asks for, found in its manifests or else in the cluster. Rejects with what does not fit together. */
export async function planRouting(
  client: KubeClient,
  provider: TrafficProvider,
  workload: Workload,
  release: Release,
): Promise<Routing> {
  const router = openRouter(client, provider, release);
  const pair = await findPair(client, router, workload, plannedRoute(workload, provider));
  return { provider, router, pair };
}

/** Tries out what the steps will ask for. */
export async function rehearseRouting(
  client: KubeClient,
  { provider, router, pair }: Routing,
  workload: Workload,
  release: Release,
  steps: DeployWork['steps'],
): Promise<void> {
  await checkCanaryService(client, pair, release);
  await router.rehearse(pair, trafficOfSteps(steps), plannedRoute(workload, provider));
}

/** What every step adds up to; shares that are not whole are no other question than one of them. */
function trafficOfSteps(steps: DeployWork['steps']): readonly Traffic[] {
  let now: Traffic = { percent: 0, match: [], mirrorPercent: 0 };
  const wanted = [{ ...now, percent: 100 }];
  for (const step of steps) {
    if (step.kind === 'set-route') now = { ...now, match: step.match };
    else if (step.kind === 'set-mirror') now = { ...now, mirrorPercent: step.percent };
    else continue;
    wanted.push(now);
  }
  return wanted;
}

const plannedRoute = ({ others }: Workload, provider: TrafficProvider): KubeObject | null =>
  others.find((object) => isRouteObject(object, provider)) ?? null;

/** The router that has the workload's traffic in hand now; null: none has. */
export function notedRouting(client: KubeClient, { stable }: OpenWorkload, release: Release): Routing | null {
  const { [note.router]: text, [note.service]: service } = stable?.metadata.annotations ?? {};
  const provider = text === undefined ? null : parseProvider(text);
  if (provider === null || service === undefined) return null;
  return { provider, router: openRouter(client, provider, release), pair: pairOf(service) };
}

/** Annotations of the stable Deployment by which any later action knows the router. */
export const routingNotes = ({ provider, pair }: Routing): Readonly<Record<string, string>> => ({
  [note.router]: providerText(provider),
  [note.service]: pair.stable,
});

/** Whether the manifests' route would undo what was given: then it was applied already. */
export async function isRouteInHand(
  client: KubeClient,
  object: KubeObject,
  { provider }: Routing,
): Promise<boolean> {
  if (!isRouteObject(object, provider)) return false;
  const { apiVersion, kind, metadata } = object;
  const live = await client.find({ apiVersion, kind, name: metadata.name });
  return live?.metadata.annotations?.[note.routeBefore] !== undefined;
}
