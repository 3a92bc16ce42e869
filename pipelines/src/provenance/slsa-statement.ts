// How an image was made, as a statement of in-toto v1 with a predicate of SLSA provenance v1
// (https://slsa.dev/spec/v1.0/provenance).
import type { Claim, ImageOrigin } from '../protocol/worker-api.ts';

export const statementType = 'application/vnd.in-toto+json';
export const predicateType = 'https://slsa.dev/provenance/v1';

export interface StatementSubject {
  /** Registry and repository, without a tag. */
  readonly name: string;
  /** `sha256:…` */
  readonly digest: string;
}

/** JSON. Holds what the pipeline file and the run say openly: no variable, no secret. */
export function slsaStatement(
  subject: StatementSubject,
  origin: ImageOrigin,
  claim: Pick<Claim, 'checkout' | 'runId' | 'runNumber' | 'installation' | 'project'>,
): string {
  const { build, startedAt, finishedAt } = origin;
  return JSON.stringify({
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name: subject.name, digest: { sha256: subject.digest.replace(/^sha256:/, '') } }],
    predicateType,
    predicate: {
      buildDefinition: {
        buildType: 'urn:sluice:build:v1',
        externalParameters: {
          repository: origin.repository,
          ref: origin.ref,
          event: origin.event,
          pipeline: { name: origin.pipeline, file: origin.file, stage: origin.stage },
          build,
        },
        internalParameters: { project: claim.project, runNumber: claim.runNumber },
        resolvedDependencies: [
          {
            uri: `git+${withoutCredentials(claim.checkout.url)}@${origin.ref}`,
            digest: { gitCommit: claim.checkout.commit },
          },
        ],
      },
      runDetails: {
        builder: { id: `urn:sluice:installation:${claim.installation}` },
        metadata: {
          invocationId: claim.runId,
          ...(startedAt !== null && { startedOn: new Date(startedAt).toISOString() }),
          ...(finishedAt !== null && { finishedOn: new Date(finishedAt).toISOString() }),
        },
      },
    },
  });
}

const withoutCredentials = (url: string): string => url.replace(/:\/\/[^/@\s]+@/, '://');
