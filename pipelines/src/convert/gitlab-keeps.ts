// artifacts, cache and retry of a job.
import type { MapEntry } from '../language/source-node.ts';
import { changed, entryOf, itemsOf, leftOut, textOf, textsOf, type Conversion } from './conversion.ts';
import { draftList, draftOf, type DraftValue } from './draft.ts';
import { durationOf } from './durations.ts';
import type { GitlabJob } from './gitlab-jobs.ts';
import type { JobNeed } from './gitlab-order.ts';
import { expandVariables, type Variables } from './gitlab-variables.ts';
import { takeKeys } from './take-keys.ts';
import { fileGlobs } from './paths.ts';
import { quoted } from './names.ts';

export function gitlabArtifacts(
  conversion: Conversion,
  job: GitlabJob,
  needs: readonly JobNeed[],
): Readonly<Record<string, DraftValue | undefined>> {
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
  const when = textOf(keys.get('when')?.value);
  noteSources(conversion, job, needs);
  return {
    artifacts: draftOf({
      paths: paths.length === 0 ? undefined : draftList(paths),
      keep: paths.length === 0 ? undefined : (keep ?? undefined),
      if:
        paths.length === 0
          ? undefined
          : when === 'always'
            ? 'always()'
            : when === 'on_failure'
              ? 'failure()'
              : undefined,
    }),
    reports: reportsOf(conversion, keys.get('reports')),
  };
}

/** Files come from every stage that is needed; who wanted fewer is told. */
function noteSources(conversion: Conversion, job: GitlabJob, needs: readonly JobNeed[]): void {
  const narrowed =
    job.keys.get('dependencies') ??
    (needs.some((need) => !need.artifacts) ? job.keys.get('needs') : undefined);
  if (narrowed === undefined) return;
  changed(conversion, narrowed.keySpan, {
    what: narrowed.key === 'needs' ? 'needs: artifacts: false' : 'dependencies',
    why: 'files are taken from every stage in needs that keeps some.',
    whatToDo: 'Narrow it by artifacts: { from }.',
  });
}

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
    const restore = textsOf(keys.get('fallback_keys')?.value).map(
      (text) => expandVariables(text, variables).text,
    );
    return [
      draftOf({
        key: keyOf(keys.get('key'), variables),
        restore: restore.length === 0 ? undefined : draftList(restore),
        paths: draftList(paths),
      }),
    ];
  });
  return caches.length === 0
    ? undefined
    : draftList(caches, { start: entry.keySpan.start, end: entry.value.end });
}

function keyOf(entry: MapEntry | undefined, variables: Variables): string {
  const text = textOf(entry?.value);
  if (text !== null && text.trim() !== '') return noEnv(expandVariables(text, variables).text);
  const files = textsOf(entryOf(entry?.value, 'files')?.value).slice(0, 5);
  const prefix = noEnv(expandVariables(textOf(entryOf(entry?.value, 'prefix')?.value) ?? '', variables).text);
  if (files.length === 0) return prefix === '' ? 'default' : prefix;
  return `${prefix === '' ? '' : `${prefix}-`}\${{ hash(${files.map(quoted).join(', ')}) }}`;
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
