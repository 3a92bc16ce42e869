// What a stage keeps: artifacts for people and later stages, caches for later runs, its result for runs like it.
import type { ArtifactRule, CacheKey, CacheKeyPart, CacheRule, StageKeeping } from './definition.ts';
import { compileExpression } from './expression/compile-expression.ts';
import { splitTemplate } from './expression/template.ts';
import { field, readFields, requiredField, type Fields, type Reader } from './fields.ts';
import { artifactKeys, cacheKeys, keepsKeys } from './keys/keeps-keys.ts';
import { namesOf } from './keys/key.ts';
import { pathProblem } from './read-path.ts';
import { noteTemplate, readCondition, type TemplateContext } from './read-templates.ts';
import { readDuration } from './read-units.ts';
import { readList, readPlainText, readTextNode } from './read-values.ts';
import { globFault, readGlob } from './read-glob.ts';
import { readReports } from './read-reports.ts';
import { readReuse } from './read-reuse.ts';
import { report, type Reading } from './reading.ts';
import type { SourceNode } from './source-node.ts';
import { trimEnd } from '../trim-end.ts';

const defaultKeepMs = 14 * 86_400_000;
const mostCaches = 10;

/** Null where the file asks for nothing of it. */
export function readKeeps(fields: Fields, context: TemplateContext): StageKeeping | null {
  if (!namesOf(keepsKeys).some((key) => fields.entries.has(key))) return null;
  const { reading } = fields;
  const readArtifactKeys: Reader<Artifacts> = (_, node, name) => readArtifacts(reading, node, name, context);
  const readCaches: Reader<readonly CacheRule[]> = (_, node, name) => readCache(reading, node, name, context);
  const reuse = readReuse(fields);
  return {
    ...field(fields, 'artifacts', readArtifactKeys, { artifacts: null, artifactsFrom: null }),
    cache: field(fields, 'cache', readCaches, []),
    reports: field(fields, 'reports', readReports, null),
    ...(reuse !== null && { reuse }),
  };
}

type Artifacts = Pick<StageKeeping, 'artifacts' | 'artifactsFrom'>;

function readArtifacts(
  reading: Reading,
  node: SourceNode,
  name: string,
  context: TemplateContext,
): Artifacts {
  const fields = readFields(reading, node, name, { known: namesOf(artifactKeys) });
  const artifactsFrom = field(fields, 'from', readStageNames, null);
  const keeps = ['paths', 'keep', 'if'].some((key) => fields.entries.has(key));
  if (!keeps && artifactsFrom !== null) return { artifacts: null, artifactsFrom };
  const artifacts: ArtifactRule = {
    paths: requiredField(fields, 'paths', readList(readGlob), 'paths: [dist/**]', []),
    keepMs: field(fields, 'keep', readDuration(60_000), defaultKeepMs),
    if: field(
      fields,
      'if',
      (_, value, label) => readCondition(reading, value, label, 'step-condition', context),
      null,
    ),
  };
  return { artifacts, artifactsFrom };
}

/** A list of stages; `[]` means that none is taken. Whether they exist is checked with all stages at hand. */
const readStageNames: Reader<readonly string[]> = readList(readPlainText);

function readCache(
  reading: Reading,
  node: SourceNode,
  name: string,
  context: TemplateContext,
): readonly CacheRule[] {
  const rules = readList((_, item, label) => readCacheRule(reading, item, label, context))(
    reading,
    node,
    name,
  );
  if (rules.length > mostCaches) {
    report(
      reading,
      node,
      'too-many-caches',
      `${name} has ${rules.length} caches; a stage may have ${mostCaches}.`,
    );
  }
  return rules.slice(0, mostCaches);
}

function readCacheRule(
  reading: Reading,
  node: SourceNode,
  name: string,
  context: TemplateContext,
): CacheRule {
  const fields = readFields(reading, node, name, { known: namesOf(cacheKeys) });
  const readKey: Reader<CacheKey> = (_, value, label) => readCacheKey(reading, value, label, context);
  const example = `key: "npm-\${{ hash('package-lock.json') }}"`;
  return {
    key: requiredField(fields, 'key', readKey, example, []),
    restore: field(fields, 'restore', readList(readKey), []),
    paths: requiredField(fields, 'paths', readList(readCachePath), 'paths: [~/.npm]', []),
  };
}

/** Text, templates that are filled in like any other, and `hash()`, which stays apart until there are files to hash. */
function readCacheKey(reading: Reading, node: SourceNode, name: string, context: TemplateContext): CacheKey {
  const text = readTextNode(reading, node, name);
  noteTemplate(reading, text, 'cache-key', context);
  if (text === null) return [];
  if (text.value.length > 400) {
    report(reading, node, 'wrong-value', `${name} is longer than 400 characters. Shorten it; hash() helps.`);
  }
  const parts = splitTemplate(text.value);
  if (!parts.ok) return [];
  return parts.value.map((part): CacheKeyPart => {
    if (part.kind === 'text') return part;
    const compiled = compileExpression(part.text);
    const globs = compiled.ok ? compiled.value.hashGlobs : null;
    if (globs === null) return { kind: 'text', text: part.source };
    for (const glob of globs) {
      const problem = pathProblem(glob) ?? globFault(glob);
      if (problem !== null) report(reading, node, 'bad-pattern', `${name}: "${glob}" ${problem}`);
    }
    return { kind: 'hash', globs };
  });
}

const readCachePath: Reader<string> = (reading, node, name) => {
  const written = trimEnd(readPlainText(reading, node, name), '/');
  const inHome = written.startsWith('~/');
  const problem = /[*?[\]{}]/.test(written)
    ? 'is a pattern, and a cache keeps whole folders.'
    : pathProblem(inHome ? written.slice(2) : written);
  const isWhole = ['', '.', '~', '~/'].includes(written) || (inHome && /^[./]*$/.test(written.slice(2)));
  if (problem === null && !isWhole) return written.replace(/^(\.\/)+/, '');
  const why = problem ?? 'is everything, and a cache keeps a part.';
  report(reading, node, 'bad-path', `${name} ${why} Write a folder such as ~/.npm or node_modules.`);
  return 'cache';
};
