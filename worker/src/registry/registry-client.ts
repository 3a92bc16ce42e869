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
  /** At most 4 MiB. What is there already is not sent. */
  readonly writeBlob: (
    repository: ImageRepository,
    bytes: Uint8Array<ArrayBuffer>,
    signal: AbortSignal,
  ) => Promise<Result<void, RegistryProblem>>;
  /** `knowsSubjects`: the registry lists by itself what refers to an image. */
  readonly writeManifest: (
    repository: ImageRepository,
    reference: string,
    manifest: { readonly mediaType: string; readonly body: Uint8Array<ArrayBuffer> },
    signal: AbortSignal,
  ) => Promise<Result<{ readonly knowsSubjects: boolean }, RegistryProblem>>;
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

  const send = async (path: string, sent: Sent, signal: AbortSignal): Promise<Response> => {
    const url = new URL(path, base);
    const { headers = {}, ...more } = sent;
    const attempt = (own: Readonly<Record<string, string>>): Promise<Response> =>
      guardedFetch(url.href, { ...more, headers: { ...headers, ...own }, signal, timeoutMs, registry: host });
    const first = await attempt({});
    // An upload may lie elsewhere, where our credentials have no business.
    if (first.status !== 401 || url.origin !== new URL(base).origin) return first;
    const authorization = await authorise(first, { registry: host, credentials, signal, timeoutMs });
    if (authorization === null) return first;
    await first.body?.cancel();
    return attempt({ authorization });
  };
  const get = (path: string, signal: AbortSignal): Promise<Response> =>
    send(path, { headers: { accept: manifestTypes } }, signal);

  /** Null: it was taken; the answer is read to its end. */
  const refusalOf = async (response: Response, what: string): Promise<RegistryProblem | null> => {
    await response.body?.cancel();
    return statusProblem(response, registry, what, credentials !== null);
  };

  async function upload(
    { path }: ImageRepository,
    bytes: Uint8Array<ArrayBuffer>,
    signal: AbortSignal,
  ): Promise<RegistryProblem | null> {
    const digest = digestOf(bytes);
    const there = await send(`/v2/${path}/blobs/${digest}`, { method: 'HEAD' }, signal);
    await there.body?.cancel();
    if (there.ok) return null;
    const begun = await send(`/v2/${path}/blobs/uploads/`, { method: 'POST' }, signal);
    const refusal = await refusalOf(begun, path);
    if (refusal !== null) return refusal;
    const place = begun.headers.get('location');
    if (place === null)
      return { reason: 'unexpected', message: `registry ${registry} did not say where to send a file to.` };
    const target = new URL(place, new URL(`/v2/${path}/blobs/uploads/`, base));
    target.searchParams.set('digest', digest);
    const headers = { 'content-type': 'application/octet-stream' };
    const put = await send(target.href, { method: 'PUT', body: bytes, headers }, signal);
    return refusalOf(put, path);
  }

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
        return ok({ digest: digestOf(body), mediaType: response.headers.get('content-type') ?? '', body });
      } catch (error) {
        signal.throwIfAborted();
        return err(fetchProblem(registry, error));
      }
    },
    writeBlob: async (repository, bytes, signal) => {
      try {
        const problem = await upload(repository, bytes, signal);
        return problem === null ? ok(undefined) : err(problem);
      } catch (error) {
        signal.throwIfAborted();
        return err(fetchProblem(registry, error));
      }
    },
    writeManifest: async ({ path }, reference, { mediaType, body }, signal) => {
      try {
        const sent: Sent = { method: 'PUT', body, headers: { 'content-type': mediaType } };
        const response = await send(`/v2/${path}/manifests/${reference}`, sent, signal);
        const problem = await refusalOf(response, `${path}:${reference}`);
        return problem === null ? ok({ knowsSubjects: response.headers.has('oci-subject') }) : err(problem);
      } catch (error) {
        signal.throwIfAborted();
        return err(fetchProblem(registry, error));
      }
    },
  };
}

interface Sent {
  readonly method?: 'HEAD' | 'POST' | 'PUT';
  readonly body?: Uint8Array<ArrayBuffer>;
  readonly headers?: Readonly<Record<string, string>>;
}

const digestOf = (bytes: Uint8Array): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

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
