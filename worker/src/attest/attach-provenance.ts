// A statement about an image, attached to it in its registry: a manifest whose `subject` is the image's, listed by the
// referrers API or, where a registry has none, by the index under the tag `sha256-<digest>`. A signed one also has the tag
// at which cosign looks for it.
import { z } from 'zod';
import { predicateType, statementType } from '@sluice/pipelines/provenance/slsa-statement';
import { ok, type Result } from '@sluice/pipelines/result';
import {
  descriptorOf,
  emptyConfig,
  emptyConfigType,
  imageIndexType,
  imageManifestType,
  type OciDescriptor,
} from '../registry/oci.ts';
import type { ImageRepository } from '../registry/image-reference.ts';
import type { Manifest, RegistryClient } from '../registry/registry-client.ts';
import type { RegistryProblem } from '../registry/registry-problem.ts';
import { signatureTag } from './sign-image.ts';
import type { SigningKey } from './signing-key.ts';

const envelopeType = 'application/vnd.dsse.envelope.v1+json';

export interface Attachment {
  readonly repository: ImageRepository;
  /** Of the image. */
  readonly subject: Manifest;
  /** JSON of in-toto. */
  readonly statement: string;
  /** Null: it is not signed. */
  readonly key: SigningKey | null;
}

/** Gives the digest of what was attached. */
export async function attachProvenance(
  client: RegistryClient,
  { repository, subject, statement, key }: Attachment,
  signal: AbortSignal,
): Promise<Result<string, RegistryProblem>> {
  const content = Buffer.from(key === null ? statement : envelopeOf(statement, key));
  const layer: OciDescriptor = {
    ...descriptorOf(key === null ? statementType : envelopeType, content),
    annotations: { predicateType, ...(key !== null && { 'dev.cosignproject.cosign/signature': '' }) },
  };
  for (const blob of [content, emptyConfig]) {
    const put = await client.writeBlob(repository, blob, signal);
    if (!put.ok) return put;
  }
  const about = { mediaType: subject.mediaType, digest: subject.digest, size: subject.body.byteLength };
  const body = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: imageManifestType,
      artifactType: statementType,
      config: descriptorOf(emptyConfigType, emptyConfig),
      layers: [layer],
      subject: about,
      annotations: { 'org.opencontainers.image.title': 'provenance' },
    }),
  );
  const manifest = { mediaType: imageManifestType, body };
  const own: OciDescriptor = { ...descriptorOf(imageManifestType, body), artifactType: statementType };
  const written = await client.writeManifest(repository, own.digest, manifest, signal);
  if (!written.ok) return written;
  if (key !== null) {
    const tagged = await client.writeManifest(
      repository,
      signatureTag(subject.digest, 'att'),
      manifest,
      signal,
    );
    if (!tagged.ok) return tagged;
  }
  if (written.value.knowsSubjects) return ok(own.digest);
  const listed = await listReferrer(client, repository, subject.digest, own, signal);
  return listed.ok ? ok(own.digest) : listed;
}

/** github.com/secure-systems-lab/dsse: the signature is over the type and the content, each with its length. */
export function envelopeOf(statement: string, key: SigningKey): string {
  const payload = Buffer.from(statement);
  const signed = Buffer.concat([
    Buffer.from(`DSSEv1 ${statementType.length} ${statementType} ${payload.byteLength} `),
    payload,
  ]);
  return JSON.stringify({
    payloadType: statementType,
    payload: payload.toString('base64'),
    signatures: [{ sig: key.sign(signed).toString('base64') }],
  });
}

async function listReferrer(
  client: RegistryClient,
  repository: ImageRepository,
  subject: string,
  own: OciDescriptor,
  signal: AbortSignal,
): Promise<Result<unknown, RegistryProblem>> {
  const tag = subject.replace(':', '-');
  const found = await client.readManifest(repository, tag, signal);
  if (!found.ok && found.error.reason !== 'not-found') return found;
  const before = found.ok ? referrers(found.value.body) : [];
  if (before.some(({ digest }) => digest === own.digest)) return ok(undefined);
  const index = { schemaVersion: 2, mediaType: imageIndexType, manifests: [...before, own] };
  const body = Buffer.from(JSON.stringify(index));
  return await client.writeManifest(repository, tag, { mediaType: imageIndexType, body }, signal);
}

function referrers(body: Uint8Array): readonly OciDescriptor[] {
  try {
    return indexShape.parse(JSON.parse(Buffer.from(body).toString())).manifests;
  } catch {
    return [];
  }
}

const indexShape = z.object({
  manifests: z.array(z.looseObject({ mediaType: z.string(), digest: z.string(), size: z.number() })),
});
