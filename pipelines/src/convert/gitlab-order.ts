// Which jobs a job waits for: those it names, or all of the stages before its own.
import type { SourceNode } from '../language/source-node.ts';
import { entryOf, itemsOf, leftOut, textOf, textsOf, type Conversion } from './conversion.ts';
import type { GitlabFile, GitlabJob } from './gitlab-jobs.ts';
import { takeKeys } from './take-keys.ts';

export interface JobNeed {
  readonly job: string;
  readonly optional: boolean;
  readonly artifacts: boolean;
}

/** By the job's name. */
export type JobOrder = ReadonlyMap<string, readonly JobNeed[]>;

const defaultStages = ['.pre', 'build', 'test', 'deploy', '.post'];

export function orderJobs(conversion: Conversion, file: GitlabFile): JobOrder {
  const declared = textsOf((file.globals.get('stages') ?? file.globals.get('types'))?.value);
  const stages = declared.length === 0 ? defaultStages : ['.pre', ...declared, '.post'];
  const byName = new Map(file.jobs.map((job) => [job.name, job]));
  const stageOf = new Map(file.jobs.map((job) => [job.name, stageIndex(conversion, job, stages)]));
  const order = new Map<string, readonly JobNeed[]>();
  const levels = [...new Set(stageOf.values())].toSorted((a, b) => a - b);
  for (const job of file.jobs) {
    const needs = job.keys.get('needs');
    if (needs !== undefined) order.set(job.name, writtenNeeds(conversion, needs.value, byName));
  }
  for (const level of levels) {
    const before = levels.filter((each) => each < level).toReversed();
    for (const job of file.jobs) {
      if (order.has(job.name) || stageOf.get(job.name) !== level) continue;
      order.set(job.name, impliedNeeds(file.jobs, stageOf, order, before, !job.keys.has('dependencies')));
    }
  }
  return order;
}

function stageIndex(conversion: Conversion, job: GitlabJob, stages: readonly string[]): number {
  const entry = job.keys.get('stage');
  const name = textOf(entry?.value) ?? 'test';
  const index = stages.indexOf(name);
  if (index === -1 && entry !== undefined)
    leftOut(conversion, entry.value, {
      what: `stage ${name.slice(0, 40)}`,
      why: 'it is not among the stages of the file.',
      whatToDo: 'Write the needs of this stage yourself.',
    });
  return index === -1 ? Math.max(0, stages.indexOf('test')) : index;
}

function writtenNeeds(
  conversion: Conversion,
  node: SourceNode,
  jobs: ReadonlyMap<string, GitlabJob>,
): readonly JobNeed[] {
  return itemsOf(node).flatMap((item): readonly JobNeed[] => {
    const keys = takeKeys(conversion, item, 'need');
    const name = textOf(keys.get('job')?.value) ?? textOf(item);
    if (
      name === null ||
      (item.kind === 'map' && item.entries.some(({ key }) => key === 'project' || key === 'pipeline'))
    )
      return [];
    if (!jobs.has(name)) {
      leftOut(conversion, item, { what: `needs ${name.slice(0, 40)}`, why: 'this job is not in the file.' });
      return [];
    }
    const artifacts = keys.get('artifacts')?.value;
    const optional = keys.get('optional')?.value;
    return [
      {
        job: name,
        optional: optional?.kind === 'scalar' && optional.value === true,
        artifacts: !(artifacts?.kind === 'scalar' && artifacts.value === false),
      },
    ];
  });
}

/**
 * The jobs of the stage before, and those of earlier ones that they do not wait for themselves. `takesFiles`: also every
 * earlier one that keeps files, which reach only the stages that need it.
 */
function impliedNeeds(
  jobs: readonly GitlabJob[],
  stageOf: ReadonlyMap<string, number>,
  order: JobOrder,
  before: readonly number[],
  takesFiles: boolean,
): readonly JobNeed[] {
  const needs: JobNeed[] = [];
  const covered = new Set<string>();
  const cover = (name: string): void => {
    const open = [name];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      if (covered.has(next)) continue;
      covered.add(next);
      open.push(...(order.get(next) ?? []).map((need) => need.job));
    }
  };
  for (const level of before) {
    for (const job of jobs) {
      if (stageOf.get(job.name) !== level || !isAwaited(job)) continue;
      if (covered.has(job.name) && !(takesFiles && keepsFiles(job))) continue;
      const optional = mayBeSkipped(job);
      needs.push({ job: job.name, optional, artifacts: true });
      // A stage that does not run makes nobody wait for those before it.
      if (!optional) cover(job.name);
    }
  }
  return needs;
}

/** Nobody waits for a job that a person may start or not. */
const isAwaited = (job: GitlabJob): boolean =>
  !(
    textOf(job.keys.get('when')?.value) === 'manual' &&
    textOf(job.keys.get('allow_failure')?.value) !== 'false'
  );

const keepsFiles = (job: GitlabJob): boolean =>
  entryOf(job.keys.get('artifacts')?.value, 'paths') !== undefined;

const mayBeSkipped = (job: GitlabJob): boolean =>
  ['rules', 'only', 'except', 'when'].some((key) => job.keys.has(key));
