import { z } from 'zod';
import type { KubeObject } from './kube-objects.ts';

const ports = z.array(z.looseObject({ protocol: z.string().optional() }));
const withPorts = z.looseObject({ ports });
const withContainers = z.looseObject({ containers: z.array(z.looseObject({ ports: ports.optional() })) });
const service = z.looseObject({ spec: withPorts });
const workload = z.looseObject({
  spec: z.looseObject({ template: z.looseObject({ spec: withContainers }) }),
});

/**
 * Writes the default protocol of ports out. It is part of a port's key, and server-side apply before Kubernetes 1.22
 * does not know its default.
 */
export function withProtocols(object: KubeObject): KubeObject {
  if (object.kind === 'Service') {
    const parsed = service.safeParse(object);
    if (!parsed.success) return object;
    const { spec } = parsed.data;
    return { ...object, spec: { ...spec, ports: spelledOut(spec.ports) } };
  }
  const parsed = workload.safeParse(object);
  if (!parsed.success) return object;
  const { spec } = parsed.data;
  const containers = spec.template.spec.containers.map((container) =>
    container.ports === undefined ? container : { ...container, ports: spelledOut(container.ports) },
  );
  const template = { ...spec.template, spec: { ...spec.template.spec, containers } };
  return { ...object, spec: { ...spec, template } };
}

function spelledOut(list: z.infer<typeof ports>): z.infer<typeof ports> {
  return list.map((port) => ({ protocol: 'TCP', ...port }));
}
