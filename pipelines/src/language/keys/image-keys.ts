// The stages that make, check and publish an image.
import { severities } from '../definition.ts';
import type { KeyTable } from './key.ts';
import {
  boolean,
  choice,
  list,
  map,
  nothing,
  oneOf,
  oneOrList,
  plainText,
  record,
  repositoryPath,
  secretName,
  stageName,
  template,
  text,
  variableNames,
} from './shapes.ts';

/** System, processor and, of some, its variant: `linux/arm/v7`. */
export const platformPattern = '^[a-z0-9]{1,20}/[a-z0-9_]{1,20}(/[a-z0-9.]{1,10})?$';

export const buildKeys: KeyTable = {
  file: { shape: repositoryPath, says: 'The Dockerfile.', fallback: 'Dockerfile' },
  context: {
    shape: repositoryPath,
    says: 'The folder that is sent to the builder, without what its .dockerignore names.',
    fallback: 'the repository',
  },
  target: {
    shape: text('the name of a stage of the Dockerfile', '^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$', ['prod']),
    says: 'Builds this stage of the Dockerfile and what it needs.',
    fallback: 'the last one',
  },
  args: {
    shape: oneOf(record('build arguments', variableNames, template), nothing),
    says: 'Build arguments (`ARG`). They stay readable in the image: no secrets here.',
    fallback: 'none',
  },
  secrets: {
    shape: oneOrList(secretName),
    says: 'Names of secrets that the Dockerfile reads by `RUN --mount=type=secret,id=NAME`, as the file /run/secrets/NAME. They are in no layer of the image.',
    fallback: 'none',
  },
  cache: {
    shape: boolean,
    says: '`false` carries out every step of the Dockerfile, also those that the engine has the result of.',
    fallback: 'true',
  },
  platforms: {
    shape: oneOrList(text('a platform', platformPattern, ['linux/amd64', 'linux/arm64'])),
    says: 'The platform that the image is for, one: what an engine builds is an image of one. The engine must be able to run its commands.',
    fallback: 'that of the engine',
  },
};

export const allowedFindingKeys: KeyTable = {
  id: {
    shape: plainText('the id of a finding', ['CVE-2024-1234']),
    says: 'Of the vulnerability or the rule.',
    required: true,
  },
  until: {
    shape: text('a day such as 2030-01-31', '^\\d{4}-\\d{2}-\\d{2}$', ['2030-01-31']),
    says: 'After this day, the finding counts again.',
    fallback: 'for good',
  },
  reason: {
    shape: text('text'),
    says: 'Why it is accepted; shown beside the finding.',
    required: true,
  },
};

export const scanKeys: KeyTable = {
  of: { shape: stageName, says: 'The build stage whose image is scanned.', required: true },
  fail_on: {
    shape: choice(['none', ...severities]),
    says: 'Findings of this severity and above fail the stage; `none` only reports them.',
    fallback: 'high',
  },
  no_data: {
    shape: choice(['fail', 'allow']),
    says: 'What to do where the scanner has no vulnerability database: fail, or go on with what it can see.',
    fallback: 'fail',
  },
  sbom: {
    shape: boolean,
    says: 'Whether a list of what is in the image (CycloneDX) is kept with the stage, as sbom.cdx.json.',
    fallback: 'true',
  },
  allow: {
    shape: oneOf(list(map('an accepted finding', allowedFindingKeys)), repositoryPath),
    says: 'Findings that are accepted, each with a reason and, better, a last day; or a file of the repository with such a list.',
    fallback: 'none',
  },
};

const repository = text('a repository of a registry', '^(?![\\s\\S]*://)[\\s\\S]*\\S', [
  'registry.example.com/shop',
]);

export const signKeys: KeyTable = {
  secret: {
    shape: secretName,
    says: 'The secret that holds the private key: P-256, PEM, without a passphrase.',
    required: true,
  },
};

export const pushKeys: KeyTable = {
  of: { shape: stageName, says: 'The build stage whose image is pushed.', required: true },
  to: {
    shape: repository,
    says: 'Registry and repository, without a tag.',
    required: true,
  },
  tags: {
    shape: oneOrList(template),
    says: 'The image is pushed once and gets all of these.',
    fallback: '`${{ commit.short }}`',
  },
  replicate: {
    shape: oneOrList(repository),
    says: 'Further repositories, of the same registry or of others, that get the image under the same tags, with its signature and provenance.',
    fallback: 'none',
  },
  sign: {
    shape: map('a signature', signKeys),
    says: 'Signs the digest as cosign does, so that `cosign verify --key` accepts it.',
    fallback: 'not signed',
  },
  provenance: {
    shape: boolean,
    says: 'Attaches a statement of how the image was made (SLSA provenance v1) to it; with `sign`, a signed one.',
    fallback: 'false',
  },
};
