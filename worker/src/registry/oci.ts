// The few shapes of the OCI image specification (github.com/opencontainers/image-spec) that are written here.
import { createHash } from 'node:crypto';

export const imageManifestType = 'application/vnd.oci.image.manifest.v1+json';
export const imageIndexType = 'application/vnd.oci.image.index.v1+json';

export interface OciDescriptor {
  readonly mediaType: string;
  /** `sha256:…` */
  readonly digest: string;
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
  readonly artifactType?: string | undefined;
}

export const descriptorOf = (mediaType: string, bytes: Uint8Array): OciDescriptor => ({
  mediaType,
  digest: `sha256:${createHash('sha256').update(bytes).digest('hex')}`,
  size: bytes.byteLength,
});

/** What an artifact without a configuration has as one. */
export const emptyConfig = Buffer.from('{}');
export const emptyConfigType = 'application/vnd.oci.empty.v1+json';
