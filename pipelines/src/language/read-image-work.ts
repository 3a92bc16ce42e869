// The stages that make, check and publish an image.
import { severities, type BuildWork, type PushWork, type ScanWork, type Severity } from './definition.ts';
import { field, readFields, readOptionalFields, requiredField, type Reader } from './fields.ts';
import { readAllowList } from './read-allow-list.ts';
import { buildKeys, platformPattern, pushKeys, scanKeys, signKeys } from './keys/image-keys.ts';
import { namesOf } from './keys/key.ts';
import { readRepositoryPath } from './read-path.ts';
import { readSecretName, readTemplate, type TemplateContext } from './read-templates.ts';
import { readBoolean, readChoice, readList, readPlainText, readRecord, variableName } from './read-values.ts';
import { report, type Reading } from './reading.ts';
import type { SourceNode } from './source-node.ts';
import { replaceTemplates } from './expression/replace-templates.ts';

export function readBuildWork(
  reading: Reading,
  node: SourceNode,
  name: string,
  context: TemplateContext,
): BuildWork {
  const fields = readOptionalFields(reading, node, name, {
    known: namesOf(buildKeys),
    elsewhere: { tags: 'An image gets its tags when it is pushed: push: { of: image, tags: [latest] }.' },
  });
  const readArgs = readRecord(
    (_, entry, label) => readTemplate(reading, entry.value, label, 'text', context),
    variableName,
  );
  return {
    kind: 'build',
    file: field(fields, 'file', readRepositoryPath, 'Dockerfile'),
    context: field(fields, 'context', readRepositoryPath, '.'),
    target: field(fields, 'target', readTarget, null),
    args: field(fields, 'args', readArgs, {}),
    ...(fields.entries.has('secrets') && { secrets: field(fields, 'secrets', readList(readSecretName), []) }),
    ...(!field(fields, 'cache', readBoolean, true) && { cache: false }),
    ...(fields.entries.has('platforms') && { platform: field(fields, 'platforms', readPlatform, '') }),
  };
}

const readPlatform: Reader<string> = (reading, node, name) => {
  const platforms = readList(readOnePlatform)(reading, node, name);
  const [first = '', second] = platforms;
  if (second !== undefined || platforms.length === 0) {
    const message = `${name} must name one platform: a Docker engine builds an image of one. Make a build stage for each, and join their images in a step, with docker manifest or crane.`;
    report(reading, node, 'wrong-value', message);
  }
  return first;
};

const readOnePlatform: Reader<string> = (reading, node, name) => {
  const platform = readPlainText(reading, node, name);
  if (platform !== '' && !new RegExp(platformPattern).test(platform))
    report(
      reading,
      node,
      'wrong-value',
      `${name} must be a platform such as linux/arm64, not "${platform}".`,
    );
  return platform;
};

const readTarget: Reader<string> = (reading, node, name) => {
  const target = readPlainText(reading, node, name);
  if (target !== '' && !/^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/.test(target)) {
    report(
      reading,
      node,
      'wrong-value',
      `${name} must be the name of a stage of the Dockerfile, such as prod.`,
    );
  }
  return target;
};

export function readScanWork(reading: Reading, node: SourceNode, name: string): ScanWork {
  const fields = readFields(reading, node, name, {
    known: namesOf(scanKeys),
  });
  const failOn = field(fields, 'fail_on', readChoice<'none' | Severity>(['none', ...severities]), 'high');
  return {
    kind: 'scan',
    of: requiredField(fields, 'of', readPlainText, 'of: image, the id of a build stage', ''),
    failOn: failOn === 'none' ? null : failOn,
    noData: field(fields, 'no_data', readChoice(['fail', 'allow']), 'fail'),
    ...(!field(fields, 'sbom', readBoolean, true) && { sbom: false }),
    allow: field(fields, 'allow', readAllowList, []),
  };
}

export function readPushWork(
  reading: Reading,
  node: SourceNode,
  name: string,
  context: TemplateContext,
): PushWork {
  const fields = readFields(reading, node, name, {
    known: namesOf(pushKeys),
  });
  const readTo: Reader<string> = (_, value, label) => readRepository(reading, value, label, context);
  const readTags = readList((_, value, label) => readTag(reading, value, label, context));
  return {
    kind: 'push',
    of: requiredField(fields, 'of', readPlainText, 'of: image, the id of a build stage', ''),
    to: requiredField(fields, 'to', readTo, 'to: registry.example.com/shop', ''),
    tags: field(fields, 'tags', readTags, ['${{ commit.short }}']),
    ...(fields.entries.has('replicate') && { replicate: field(fields, 'replicate', readList(readTo), []) }),
    ...(fields.entries.has('sign') && { sign: field(fields, 'sign', readSigningKey, '') }),
    ...(field(fields, 'provenance', readBoolean, false) && { provenance: true }),
  };
}

const readSigningKey: Reader<string> = (reading, node, name) => {
  if (node.kind !== 'map') {
    const message = `${name} must name the secret that holds the private key: { secret: signing-key }.`;
    report(reading, node, 'wrong-type', message);
    return '';
  }
  const fields = readFields(reading, node, name, { known: namesOf(signKeys) });
  return requiredField(fields, 'secret', readSecretName, 'secret: signing-key', '');
};

function readRepository(reading: Reading, node: SourceNode, name: string, context: TemplateContext): string {
  const text = readTemplate(reading, node, name, 'text', context);
  const fixed = withoutTemplates(text);
  const last = text.slice(text.lastIndexOf('/') + 1);
  const problem = fixed.includes('://')
    ? 'is written without https://'
    : fixed.includes('@') || withoutTemplates(last).includes(':')
      ? 'names no tag and no digest; tags stand under tags'
      : /^[a-z0-9]([a-z0-9._/:-]*[a-z0-9])?$/.test(fixed)
        ? null
        : 'has lower-case letters, digits and . _ - / only';
  if (text !== '' && problem !== null) {
    report(
      reading,
      node,
      'wrong-value',
      `${name} ${problem}. Write, for example, registry.example.com/shop.`,
    );
  }
  return text;
}

function readTag(reading: Reading, node: SourceNode, name: string, context: TemplateContext): string {
  const tag = readTemplate(reading, node, name, 'text', context);
  if (tag !== '' && !/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/.test(withoutTemplates(tag))) {
    report(
      reading,
      node,
      'wrong-value',
      `${name}: "${tag}" is not a tag. Use letters, digits, ., _ and -, not beginning with . or -.`,
    );
  }
  return tag;
}

/** What an expression gives is not known yet: it counts as a letter. */
const withoutTemplates = (text: string): string => replaceTemplates(text, () => 'x');
