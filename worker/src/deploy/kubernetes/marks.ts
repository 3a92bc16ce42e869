// Names of ours on Kubernetes objects.

export const mark = {
  installation: 'sluice',
  environment: 'sluice.environment',
  /** `stable` or `canary`; keeps the selectors of the two Deployments apart. */
  track: 'sluice.track',
  /** The label by which metrics tell the two sides apart. */
  version: 'version',
  /** On a Lease: `rollout`, the engine's promise to a guard, or `heartbeat`, the guard's own. */
  guard: 'sluice.guard',
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
  /** On the canary Deployment: how many of its pods should get traffic; on a StatefulSet: how many should be new. */
  open: 'sluice.dev/open',
  /** On a StatefulSet: the replicas that the manifests ask for, from the end of the rollout on. */
  replicas: 'sluice.dev/replicas',
  /** On the stable Deployment while a router shares its traffic: `httproute/shop`, and the Service of its pods. */
  router: 'sluice.dev/router',
  service: 'sluice.dev/service',
  /** On an autoscaler that is held still: the workload that it scales. */
  scales: 'sluice.dev/scales',
  /** On a route: its rules as they were before the first change, as JSON. */
  routeBefore: 'sluice.dev/route-before',
  /** By the guard, on a rollout's Lease: for how many seconds the engine was silent when the guard took over. */
  silence: 'sluice.dev/engine-silent-seconds',
  /** What it has put back, and when; for people. */
  restored: 'sluice.dev/restored',
  /** `watching`, or why it could not put anything back. */
  guard: 'sluice.dev/guard',
} as const;

/** A canary pod is ready, and so gets traffic, only while we say so by this condition of its status. */
export const trafficGate = 'sluice.dev/traffic';

export const canaryName = (workload: string): string => `${workload}-canary`;

/** The Lease of what is rolled out behind a Service. */
export const rolloutLeaseName = (service: string): string => `sluice-guard-${service}`;

/** The Lease by which a guard says that it is at work in its namespace. */
export const heartbeatLeaseName = 'sluice-guard';
