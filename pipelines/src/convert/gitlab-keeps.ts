// artifacts, cache and retry of a job.
import type { MapEntry } from '../language/source-node.ts';
import { changed, entryOf, itemsOf, leftOut, textOf, textsOf, type Conversion } from './conversion.ts';
import { draftList, draftMap, draftOf, type DraftValue } from './draft.ts';
import { durationOf } from './durations.ts';
import type { GitlabJob } from './gitlab-jobs.ts';
import type { JobNeed } from './gitlab-order.ts';
import { expandVariables, type Variables } from './gitlab-variables.ts';
import { takeKeys } from './take-keys.ts';
import { fileGlobs } from './paths.ts';
import { quoted, type StageNames } from './names.ts';

export interface KeepsContext {
  readonly conversion: Conversion;
  readonly names: StageNames;
  readonly jobs: ReadonlyMap<string, GitlabJob>;
}

export function gitlabArtifacts(
  context: KeepsContext,
  job: GitlabJob,
  needs: readonly JobNeed[],
): Readonly<Record<string, DraftValue | undefined>> {
  const { conversion } = context;
  const keys = takeKeys(conversion, job.keys.get('artifacts')?.value, 'artifacts');
  const paths = fileGlobs(conversion, keys.get('paths')?.value);
  const expires = keys.get('expire_in');
  const written = textOf(expires?.value);
  const keep = written === null ? undefined : durationOf(written);
  if (expires !== undefined && (keep === null || written === 'never'))
    changed(conversion, expires.value, {
      what: 'expire_in',
      why: 'artifacts are kept for a time of at most 30 days.',
    });
  const artifacts =
    paths.length === 0
      ? draftMap()
      : draftOf({
          paths: draftList(paths),
          keep: keep ?? undefined,
          if: keptWhen(textOf(keys.get('when')?.value)),
        });
  const sources = sourcesOf(context, job, needs);
  // None is said too: without it, files of every stage in needs are taken.
  if (sources !== null)
    artifacts.entries.push({ key: 'from', value: draftList(sources), from: null, comments: [] });
  return { artifacts, reports: reportsOf(conversion, keys.get('reports')) };
}

const keptWhen = (when: string | null): string | undefined =>
  when === 'always' ? 'always()' : when === 'on_failure' ? 'failure()' : undefined;

/** Stages whose files the job takes, where it says so; null: of all that it needs. */
function sourcesOf(
  context: KeepsContext,
  job: GitlabJob,
  needs: readonly JobNeed[],
): readonly string[] | null {
  const { jobs, names } = context;
  const dependencies = job.keys.get('dependencies');
  if (dependencies === undefined && needs.every((need) => need.artifacts)) return null;
  const keeping = needs.filter((need) => keepsFiles(context, need.job)).map((need) => need.job);
  const wanted =
    dependencies === undefined
      ? needs.filter((need) => need.artifacts).map((need) => need.job)
      : textsOf(dependencies.value);
  const taken = wanted.filter((name) => jobs.has(name) && name !== job.name && keepsFiles(context, name));
  const isAll = taken.length === keeping.length && keeping.every((name) => taken.includes(name));
  return isAll ? null : taken.map((name) => names.of(name));
}

const keepsFiles = ({ conversion, jobs }: KeepsContext, name: string): boolean =>
  fileGlobs(conversion, entryOf(jobs.get(name)?.keys.get('artifacts')?.value, 'paths')?.value).length > 0;

function reportsOf(conversion: Conversion, entry: MapEntry | undefined): DraftValue | undefined {
  if (entry?.value.kind !== 'map') return undefined;
  const known = ['junit', 'coverage_report', 'cobertura', 'dotenv'];
  for (const each of entry.value.entries) {
    if (!known.includes(each.key))
      leftOut(conversion, each.keySpan, {
        what: `reports: ${each.key.slice(0, 40)}`,
        why: 'Sluice reads JUnit and coverage only.',
        whatToDo: 'Keep the file as an artifact.',
      });
  }
  const keys = takeKeys(
    conversion,
    { ...entry.value, entries: entry.value.entries.filter((each) => known.includes(each.key)) },
    'reports',
  );
  const junit = fileGlobs(conversion, keys.get('junit')?.value);
  const coverage = [
    ...fileGlobs(conversion, entryOf(keys.get('coverage_report')?.value, 'path')?.value),
    ...fileGlobs(conversion, keys.get('cobertura')?.value),
  ];
  return draftOf({
    junit: junit.length === 0 ? undefined : draftList(junit),
    coverage: coverage.length === 0 ? undefined : draftList(coverage),
  });
}

export function gitlabCache(
  conversion: Conversion,
  entry: MapEntry | undefined,
  variables: Variables,
): DraftValue | undefined {
  if (entry === undefined) return undefined;
  const caches = itemsOf(entry.value).flatMap((node): DraftValue[] => {
    const keys = takeKeys(conversion, node, 'cache');
    const paths = fileGlobs(conversion, keys.get('paths')?.value);
    if (paths.length === 0) return [];
    const fallbacks = textsOf(keys.get('fallback_keys')?.value).map((text) =>
      noEnv(expandVariables(text, variables).text),
    );
    const { key, restore } = keyOf(conversion, keys.get('key') ?? entry, keys.get('key'), variables);
    const all = [...restore, ...fallbacks];
    return [
      draftOf({
        key,
        restore: all.length === 0 ? undefined : draftList([...new Set(all)]),
        paths: draftList(paths),
      }),
    ];
  });
  return caches.length === 0
    ? undefined
    : draftList(caches, { start: entry.keySpan.start, end: entry.value.end });
}

interface CacheName {
  readonly key: string;
  readonly restore: readonly string[];
}

/** A cache by files has a name for each of their contents; any other is saved anew by every run, as there. */
function keyOf(
  conversion: Conversion,
  place: MapEntry,
  entry: MapEntry | undefined,
  variables: Variables,
): CacheName {
  const named = textOf(entry?.value);
  const { text, unknown } = expandVariables(
    named ?? textOf(entryOf(entry?.value, 'prefix')?.value) ?? '',
    variables,
  );
  if (unknown.length > 0)
    changed(conversion, place.value, {
      what: unknown
        .map((name) => `$${name}`)
        .join(', ')
        .slice(0, 200),
      why: 'nobody here knows its value, so that its name stands in the key.',
      whatToDo: 'Write the value itself.',
    });
  const word = noEnv(text).trim();
  const files = textsOf(entryOf(entry?.value, 'files')?.value).slice(0, 5);
  if (files.length > 0)
    return {
      key: `${word === '' ? '' : `${word}-`}\${{ hash(${files.map(quoted).join(', ')}) }}`,
      restore: [],
    };
  const prefix = word === '' ? 'default' : word;
  return { key: `${prefix}-\${{ run.id }}`, restore: [`${prefix}-`] };
}

/** A variable that nobody knows is a word of the key. */
const noEnv = (text: string): string => text.replace(/\$\{\{ env\.(\w+) \}\}/g, '$1');

const classes: Readonly<Record<string, readonly string[]>> = {
  always: ['failed', 'timeout', 'out-of-memory', 'image-pull', 'worker-lost', 'infrastructure'],
  unknown_failure: ['infrastructure'],
  script_failure: ['failed', 'out-of-memory'],
  api_failure: ['infrastructure'],
  stuck_or_timeout_failure: ['timeout'],
  runner_system_failure: ['infrastructure', 'image-pull', 'worker-lost'],
  job_execution_timeout: ['timeout'],
  scheduler_failure: ['infrastructure'],
  stale_schedule: ['infrastructure'],
  data_integrity_failure: ['infrastructure'],
};

export function gitlabRetry(conversion: Conversion, entry: MapEntry | undefined): DraftValue | undefined {
  if (entry === undefined) return undefined;
  const keys = takeKeys(conversion, entry.value, 'retry');
  const max = Number(
    textOf(keys.get('max')?.value) ?? textOf(entry.value) ?? (entry.value.kind === 'map' ? 2 : 0),
  );
  if (!Number.isInteger(max) || max < 1) return undefined;
  const on = new Set<string>();
  for (const item of itemsOf(keys.get('when')?.value)) {
    const word = textOf(item) ?? '';
    const known = Object.hasOwn(classes, word) ? classes[word] : undefined;
    if (known === undefined)
      leftOut(conversion, item, {
        what: `retry: when: ${word.slice(0, 40)}`,
        why: 'no class of failures here is like it.',
      });
    for (const each of known ?? []) on.add(each);
  }
  for (const code of textsOf(keys.get('exit_codes')?.value))
    if (/^\d{1,3}$/.test(code)) on.add(`exit:${Number(code)}`);
  const named = on.size > 0 ? [...on] : (classes['always'] ?? []);
  return draftOf({ attempts: Math.min(max + 1, 20), on: draftList(named) });
}
