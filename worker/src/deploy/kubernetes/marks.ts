// Names of ours on Kubernetes objects.

export const mark = {
  installation: 'sluice',
  environment: 'sluice.environment',
  /** `stable` or `canary`; keeps the selectors of the two Deployments apart. */
  track: 'sluice.track',
  /** The label by which metrics tell the two sides apart. */
  version: 'version',
} as const;

/** Annotations. */
export const note = {
  /** Name of the stable Deployment. */
  workload: 'sluice.dev/workload',
  /** Version of the Deployment's pod template. */
  version: 'sluice.dev/version',
  /** On the stable Deployment: the version that users have, and what to go back to while a rollout is under way. */
  stableVersion: 'sluice.dev/stable-version',
  stableTemplate: 'sluice.dev/stable-template',
  stableReplicas: 'sluice.dev/stable-replicas',
  /** On the canary Deployment: how many of its pods should get traffic. */
  open: 'sluice.dev/open',
  /** On the stable Deployment while a router shares its traffic: `httproute/shop`, and the Service of its pods. */
  router: 'sluice.dev/router',
  service: 'sluice.dev/service',
  /** On a route: its rules as they were before the first change, as JSON. */
  routeBefore: 'sluice.dev/route-before',
} as const;

/** A canary pod is ready, and so gets traffic, only while we say so by this condition of its status. */
export const trafficGate = 'sluice.dev/traffic';

export const canaryName = (workload: string): string => `${workload}-canary`;
