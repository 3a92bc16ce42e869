// Where a deploy stage deploys to, as an operator configures it.
import { z } from 'zod';

const name = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9-]{0,48}[a-z0-9])?$/, 'lower-case letters, digits and dashes, at most 50');

/** One place where a rollout happens. */
export const placeTarget = z.discriminatedUnion('kind', [
  /** Containers on the worker's Docker engine, behind an HAProxy that the worker keeps running. */
  z.object({
    kind: z.literal('docker'),
    /** Names the containers and the proxy. */
    service: name,
    /** Address and port where users reach the service. */
    listenHost: z.string().default('127.0.0.1'),
    listenPort: z.number().int().min(1).max(65_535),
  }),
  z.object({
    kind: z.literal('kubernetes'),
    namespace: name,
    /** Name of the secret that holds a kubeconfig; null: the worker's own. */
    kubeconfigSecret: z.string().nullable().default(null),
    /** Base address of the Prometheus that knows the service; null: the environment cannot measure. */
    prometheusUrl: z.url().nullable().default(null),
  }),
]);
export type PlaceTarget = z.infer<typeof placeTarget>;

const mostClusters = 1_000;

/** One cluster of an environment that has several. */
export const environmentCluster = z.object({
  name,
  /** A group of clusters that stages can name instead of each of them. */
  partition: name.nullable().default(null),
  target: placeTarget,
  /** Share of the replicas that manifests or container ask for, in percent: each cluster runs at least one. */
  instancesPercent: z.number().int().min(1).max(1_000).default(100),
});
export type EnvironmentCluster = z.infer<typeof environmentCluster>;

/** Clusters in the order in which waves count them. */
const clustersTarget = z.object({
  kind: z.literal('clusters'),
  clusters: z
    .array(environmentCluster)
    .min(1, 'name at least one cluster')
    .max(mostClusters, `at most ${mostClusters} clusters`)
    .superRefine((clusters, context) => {
      const names = clusters.map((cluster) => cluster.name);
      const partitions = new Set(clusters.flatMap(({ partition }) => partition ?? []));
      const twice = names.find((each, index) => names.indexOf(each) !== index);
      if (twice !== undefined) context.addIssue(`two clusters are called "${twice}"`);
      const both = names.find((each) => partitions.has(each) || each === restOfClusters);
      if (both !== undefined) {
        context.addIssue(
          `"${both}" cannot be the name of a cluster: it is a partition's name, or the word rest`,
        );
      }
      if (partitions.has(restOfClusters)) context.addIssue('a partition cannot be called "rest"');
    }),
});

/** In `waves`: all clusters that are left. */
export const restOfClusters = 'rest';

export const environmentTarget = z.discriminatedUnion('kind', [...placeTarget.options, clustersTarget]);
export type EnvironmentTarget = z.infer<typeof environmentTarget>;

export const environmentConfig = z.object({ name, target: environmentTarget });
export type EnvironmentConfig = z.infer<typeof environmentConfig>;

/** Where the rollout of `cluster` happens (null: of an environment's only place); null: there is no such place any more. */
export function placeIn(target: EnvironmentTarget, cluster: string | null): PlaceTarget | null {
  if (target.kind !== 'clusters') return cluster === null ? target : null;
  return target.clusters.find(({ name }) => name === cluster)?.target ?? null;
}

/** Each place of an environment, in its own order; `cluster` null: it is one place. */
export function placesOf(target: EnvironmentTarget): readonly EnvironmentPlace[] {
  if (target.kind !== 'clusters') return [{ cluster: null, target }];
  return target.clusters.map((cluster) => ({ cluster: cluster.name, target: cluster.target }));
}

export interface EnvironmentPlace {
  readonly cluster: string | null;
  readonly target: PlaceTarget;
}
