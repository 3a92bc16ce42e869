// The little of the OCI distribution API (github.com/opencontainers/distribution-spec) that a pipeline needs.
import { createHash } from 'node:crypto';
import { err, ok, type Result } from '@sluice/pipelines/result';
import { isLoopbackHost } from './address-class.ts';
import { guardedFetch } from './guarded-fetch.ts';
import type { ImageRepository } from './image-reference.ts';
import { readLimited } from './read-limited.ts';
import { authorise, type RegistryCredentials } from './registry-authorisation.ts';
import { fetchProblem, unauthorised, type RegistryProblem } from './registry-problem.ts';

export interface RegistryClient {
  /** `reference` is a tag or a digest. */
  readonly readManifest: (
    repository: ImageRepository,
    reference: string,
    signal: AbortSignal,
  ) => Promise<Result<Manifest, RegistryProblem>>;
}

export interface Manifest {
  /** `sha256:…`, computed from the bytes and not taken from a header. */
  readonly digest: string;
  readonly mediaType: string;
  readonly body: Uint8Array;
}

const manifestTypes = [
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
].join(', ');
/** The distribution specification's limit. */
const maxManifestBytes = 4 * 1024 * 1024;
const timeoutMs = 30_000;

/** Speaks to one registry: over https, or over http where the host is this machine. Rejects only when `signal` aborts. */
export function createRegistryClient(
  registry: string,
  credentials: RegistryCredentials | null,
): RegistryClient {
  const host = apiHost(registry);
  const base = `${isLoopbackHost(host) ? 'http' : 'https'}://${host}`;

  const get = async (path: string, signal: AbortSignal): Promise<Response> => {
    const attempt = (headers: Readonly<Record<string, string>>): Promise<Response> =>
      guardedFetch(`${base}${path}`, {
        headers: { accept: manifestTypes, ...headers },
        signal,
        timeoutMs,
        registry: host,
      });
    const first = await attempt({});
    if (first.status !== 401) return first;
    const authorization = await authorise(first, { registry: host, credentials, signal, timeoutMs });
    if (authorization === null) return first;
    await first.body?.cancel();
    return attempt({ authorization });
  };

  return {
    readManifest: async (repository, reference, signal) => {
      try {
        const response = await get(`/v2/${repository.path}/manifests/${reference}`, signal);
        const problem = statusProblem(
          response,
          registry,
          `${repository.path}:${reference}`,
          credentials !== null,
        );
        if (problem !== null) {
          await response.body?.cancel();
          return err(problem);
        }
        const body = await readLimited(response, maxManifestBytes);
        const digest = `sha256:${createHash('sha256').update(body).digest('hex')}`;
        return ok({ digest, mediaType: response.headers.get('content-type') ?? '', body });
      } catch (error) {
        signal.throwIfAborted();
        return err(fetchProblem(registry, error));
      }
    },
  };
}

/** Docker Hub's API lives elsewhere than its name says. */
const apiHost = (registry: string): string => (registry === 'docker.io' ? 'registry-1.docker.io' : registry);

function statusProblem(
  response: Response,
  registry: string,
  what: string,
  hasCredentials: boolean,
): RegistryProblem | null {
  if (response.ok) return null;
  if (response.status === 401 || response.status === 403) return unauthorised(registry, hasCredentials);
  if (response.status === 404)
    return { reason: 'not-found', message: `registry ${registry} has no ${what}.` };
  return {
    reason: 'unexpected',
    message: `registry ${registry} answered ${response.status} to a question for ${what}: look into its log.`,
  };
}
