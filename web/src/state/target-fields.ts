import type { EnvironmentCluster, EnvironmentTarget } from '@sluice/pipelines/protocol/environment';

/** What the form of an environment holds: the fields of both kinds, so that trying the other kind loses nothing. */
export interface TargetFields {
  readonly kind: EnvironmentTarget['kind'];
  readonly service: string;
  readonly listenHost: string;
  readonly listenPort: number;
  readonly namespace: string;
  /** Empty: none. */
  readonly kubeconfigSecret: string;
  /** Empty: none. */
  readonly prometheusUrl: string;
  readonly clusters: readonly EnvironmentCluster[];
}

export function targetFields(target: EnvironmentTarget | null): TargetFields {
  const docker = target?.kind === 'docker' ? target : null;
  const kubernetes = target?.kind === 'kubernetes' ? target : null;
  return {
    kind: target?.kind ?? 'docker',
    service: docker?.service ?? '',
    listenHost: docker?.listenHost ?? '127.0.0.1',
    listenPort: docker?.listenPort ?? 8_081,
    namespace: kubernetes?.namespace ?? '',
    kubeconfigSecret: kubernetes?.kubeconfigSecret ?? '',
    prometheusUrl: kubernetes?.prometheusUrl ?? '',
    clusters: target?.kind === 'clusters' ? target.clusters : [],
  };
}

export function readTarget(fields: TargetFields): EnvironmentTarget {
  const orNull = (text: string): string | null => (text.trim() === '' ? null : text.trim());
  switch (fields.kind) {
    case 'docker': {
      const { kind, service, listenHost, listenPort } = fields;
      return { kind, service: service.trim(), listenHost: listenHost.trim(), listenPort };
    }
    case 'kubernetes':
      return {
        kind: fields.kind,
        namespace: fields.namespace.trim(),
        kubeconfigSecret: orNull(fields.kubeconfigSecret),
        prometheusUrl: orNull(fields.prometheusUrl),
      };
    case 'clusters':
      return { kind: fields.kind, clusters: [...fields.clusters] };
  }
}
