import { randomUUID } from 'node:crypto';
import type Docker from 'dockerode';
import type { WorkspaceSpec } from '../../executor.ts';
import { messageOf } from '../engine-error.ts';

/** A network for the containers of one attempt and nobody else. */
export async function createAttemptNetwork(docker: Docker, spec: WorkspaceSpec): Promise<string> {
  try {
    const { id } = await docker.createNetwork({
      Name: `sluice-${randomUUID()}`,
      Driver: 'bridge',
      Labels: { ...spec.labels },
    });
    return id;
  } catch (error) {
    if (!/address pool/i.test(messageOf(error))) throw error;
    const message =
      "the Docker engine has no addresses left for another network, and each attempt with services needs one. Widen the engine's default-address-pools, or give this worker fewer slots";
    throw new Error(message, { cause: error });
  }
}
