// A signature beside an image in its registry, where cosign looks for it: a manifest under the tag `sha256-<digest>.sig`
// whose layers are what was signed, with the signatures as annotations.
import { z } from 'zod';
import { ok, type Result } from '@sluice/pipelines/result';
import { descriptorOf, imageManifestType, type OciDescriptor } from '../registry/oci.ts';
import type { ImageRepository } from '../registry/image-reference.ts';
import type { RegistryClient } from '../registry/registry-client.ts';
import type { RegistryProblem } from '../registry/registry-problem.ts';
import type { SigningKey } from './signing-key.ts';

const payloadType = 'application/vnd.dev.cosign.simplesigning.v1+json';
const signatureKey = 'dev.cosignproject.cosign/signature';

/** `shop@sha256:ab…` → `sha256-ab….sig` */
export const signatureTag = (digest: string, kind: 'sig' | 'att' = 'sig'): string =>
  `${digest.replace(':', '-')}.${kind}`;

/** Signatures of other keys stay; one that this key has made already is not made again. Gives the tag. */
export async function signImage(
  client: RegistryClient,
  repository: ImageRepository,
  digest: string,
  key: SigningKey,
  signal: AbortSignal,
): Promise<Result<string, RegistryProblem>> {
  const tag = signatureTag(digest);
  const payload = Buffer.from(signedPayload(repository, digest));
  const descriptor = descriptorOf(payloadType, payload);
  const before = await earlierLayers(client, repository, tag, signal);
  if (!before.ok) return before;
  const isSigned = before.value.some(
    (layer) =>
      layer.digest === descriptor.digest &&
      key.hasSigned(payload, Buffer.from(layer.annotations?.[signatureKey] ?? '', 'base64')),
  );
  if (isSigned) return ok(tag);
  const own = { ...descriptor, annotations: { [signatureKey]: key.sign(payload).toString('base64') } };
  const layers = [...before.value, own];
  const config = Buffer.from(
    JSON.stringify({
      architecture: '',
      os: '',
      config: {},
      rootfs: { type: 'layers', diff_ids: layers.map((layer) => layer.digest) },
    }),
  );
  const configType = 'application/vnd.oci.image.config.v1+json';
  for (const blob of [payload, config]) {
    const put = await client.writeBlob(repository, blob, signal);
    if (!put.ok) return put;
  }
  const manifest = {
    schemaVersion: 2,
    mediaType: imageManifestType,
    config: descriptorOf(configType, config),
    layers,
  };
  const written = await client.writeManifest(
    repository,
    tag,
    { mediaType: imageManifestType, body: Buffer.from(JSON.stringify(manifest)) },
    signal,
  );
  return written.ok ? ok(tag) : written;
}

/** What cosign calls simple signing: the repository and the digest that are meant. */
export const signedPayload = ({ name }: ImageRepository, digest: string): string =>
  JSON.stringify({
    critical: {
      identity: { 'docker-reference': name },
      image: { 'docker-manifest-digest': digest },
      type: 'cosign container image signature',
    },
    optional: null,
  });

async function earlierLayers(
  client: RegistryClient,
  repository: ImageRepository,
  tag: string,
  signal: AbortSignal,
): Promise<Result<readonly OciDescriptor[], RegistryProblem>> {
  const found = await client.readManifest(repository, tag, signal);
  if (!found.ok) return found.error.reason === 'not-found' ? ok([]) : found;
  const read = signatures.safeParse(parseJson(found.value.body));
  return ok(read.success ? read.data.layers : []);
}

const signatures = z.object({
  layers: z.array(
    z.object({
      mediaType: z.string(),
      digest: z.string(),
      size: z.number(),
      annotations: z.record(z.string(), z.string()).optional(),
    }),
  ),
});

function parseJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(body).toString());
  } catch {
    return null;
  }
}
