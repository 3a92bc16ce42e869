// Why the API server did not take the pod of a stage: whether waiting helps, and who can mend it.
import { compareQuantities } from './quantity.ts';

export type PodRefusal =
  /** Others use up the quota now: the same pod may be taken later. */
  | { readonly kind: 'quota-used-up'; readonly message: string }
  /** For the operator to mend, whatever the stage. */
  | { readonly kind: 'cluster'; readonly message: string }
  /** What the stage asks for is not to be had. */
  | { readonly kind: 'refused'; readonly message: string };

/** `said`: the server's own words. */
export function podRefusal(status: number, said: string, namespace: string): PodRefusal {
  const cluster = (message: string): PodRefusal => ({ kind: 'cluster', message });
  const refused = (message: string): PodRefusal => ({ kind: 'refused', message });
  if (status === 404 && /namespaces? ".*" not found/.test(said)) {
    return cluster(
      `There is no namespace "${namespace}" in the cluster: create it, or name another one in SLUICE_KUBERNETES_NAMESPACE of the worker.`,
    );
  }
  if (/because it is being terminated/.test(said)) {
    return cluster(`Namespace "${namespace}" is being deleted: ${said}.`);
  }
  const [, exceeded, figures] = /exceeded quota: ([^,\s]+), (.*)/.exec(said) ?? [];
  if (exceeded !== undefined) return ofQuota(exceeded, figures ?? '', namespace);
  const [, incomplete, missing] = /failed quota: ([^:\s]+): must specify (.*)/.exec(said) ?? [];
  if (incomplete !== undefined) {
    return cluster(
      `Quota "${incomplete}" of namespace "${namespace}" counts ${missing}, and the pod of this stage names none: ask the operator to set default_cpu and default_memory in the pod settings, or give the stage resources.`,
    );
  }
  const [, account] = /serviceaccount "([^"]+)" not found/.exec(said) ?? [];
  if (account !== undefined) {
    return refused(
      `There is no service account "${account}" in namespace "${namespace}": create it there, or choose another (pod.service_account of the stage, or service_account of the pod settings).`,
    );
  }
  const [, runtime] = /RuntimeClass "([^"]+)" not found/i.exec(said) ?? [];
  if (runtime !== undefined) {
    return refused(
      `The cluster has no runtime class "${runtime}": choose one of \`kubectl get runtimeclass\` (pod.runtime_class of the stage, or runtime_class of the pod settings).`,
    );
  }
  if (/(minimum|maximum) .* usage per (Container|Pod)/.test(said)) {
    return refused(
      `A LimitRange of namespace "${namespace}" does not allow what this stage asks for: ${said}. Change its resources, or ask the operator of the cluster.`,
    );
  }
  if (status === 401 || /User ".*" cannot /.test(said)) {
    return cluster(
      `The worker lacks a right in namespace "${namespace}": ${said}. docs/kubernetes-worker.yml holds those that it needs.`,
    );
  }
  return refused(`The cluster refused to start the pod of this stage: ${said}.`);
}

/** `figures`: `requested: pods=1, used: pods=2, limited: pods=2`; several of one kind stand between commas. */
function ofQuota(quota: string, figures: string, namespace: string): PodRefusal {
  const [requested, limited] = [figuresOf(figures, 'requested'), figuresOf(figures, 'limited')];
  const tooMuch = [...requested].filter(
    ([name, amount]) => compareQuantities(amount, limited.get(name) ?? amount) > 0,
  );
  const words = `Quota "${quota}" of namespace "${namespace}"`;
  if (tooMuch.length === 0) return { kind: 'quota-used-up', message: `${words} is used up (${figures})` };
  const asked = tooMuch.map(([name, amount]) => `${name} ${amount} of ${limited.get(name)}`).join(', ');
  return {
    kind: 'cluster',
    message: `${words} is smaller than what this one stage asks for (${asked}), so waiting would not help: lower its resources, or ask the operator to raise the quota.`,
  };
}

function figuresOf(figures: string, kind: 'requested' | 'limited'): ReadonlyMap<string, string> {
  const [, text = ''] = new RegExp(`${kind}: (.*?)(?:, (?:used|limited): |$)`).exec(figures) ?? [];
  return new Map(
    text.split(',').flatMap((each) => {
      const [name, amount] = each.trim().split('=');
      return name === undefined || amount === undefined ? [] : [[name, amount] as const];
    }),
  );
}
