// What a push leaves beside the image in its registry: how it was made, and who vouches for it.
import type { PushWork } from '@sluice/pipelines/language/definition';
import { slsaStatement } from '@sluice/pipelines/provenance/slsa-statement';
import { err, ok, type Result } from '@sluice/pipelines/result';
import type { ImageRepository } from '../registry/image-reference.ts';
import { createRegistryClient } from '../registry/registry-client.ts';
import type { RegistryProblem } from '../registry/registry-problem.ts';
import type { StageContext } from '../stages/stage-runner.ts';
import { attachProvenance } from './attach-provenance.ts';
import { signImage } from './sign-image.ts';
import type { SigningKey } from './signing-key.ts';

export interface PushedImage {
  readonly repository: ImageRepository;
  readonly digest: string;
}

/** `key`: null where nothing is signed. Done anew, it changes nothing but the time of a signed statement. */
export async function attest(
  { claim, log, signal }: Pick<StageContext, 'claim' | 'log' | 'signal'>,
  work: PushWork,
  { repository, digest }: PushedImage,
  key: SigningKey | null,
): Promise<Result<void, RegistryProblem>> {
  const { provenance: origin } = claim;
  if (key === null && work.provenance !== true) return ok(undefined);
  const credentials = claim.registryCredentials.find((known) => known.host === repository.registry) ?? null;
  const client = createRegistryClient(repository.registry, credentials);
  if (work.provenance === true && origin === undefined) {
    const message = `Nothing is known of how the image of stage "${work.of}" was made, so there is no provenance to attach. Run the build stage in the same run, by a server of this version.`;
    return err({ reason: 'refused', message });
  }
  if (work.provenance === true && origin !== undefined) {
    const subject = await client.readManifest(repository, digest, signal);
    if (!subject.ok) return subject;
    const statement = slsaStatement({ name: repository.name, digest }, origin, claim);
    const attached = await attachProvenance(
      client,
      { repository, subject: subject.value, statement, key },
      signal,
    );
    if (!attached.ok) return attached;
    log.say(`provenance ${attached.value} is attached to ${repository.name}@${digest}`);
  }
  if (key === null) return ok(undefined);
  const signed = await signImage(client, repository, digest, key, signal);
  if (!signed.ok) return signed;
  log.say(`${repository.name}@${digest} is signed: ${repository.name}:${signed.value}`);
  return ok(undefined);
}
