import type { KubeObject } from '../kube-objects.ts';

/** An object that Helm would not install but run at a certain moment: `Job migrate (pre-upgrade)`; null: it is none. */
export function hookOf({ kind, metadata }: KubeObject): string | null {
  const moment = metadata.annotations?.['helm.sh/hook'];
  return moment === undefined ? null : `${kind} ${metadata.name} (${moment})`;
}
