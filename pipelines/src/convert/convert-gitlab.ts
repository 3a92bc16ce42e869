// `.gitlab-ci.yml` → a draft of ours: the file's triggers and variables, then each job.
import type { MapEntry } from '../language/source-node.ts';
import { and, no, not, or, yes, type Cel } from './cel.ts';
import { changed, entriesOf, entryOf, leftOut, spanOfEntry, textOf, type Conversion } from './conversion.ts';
import { draftMap, draftOf, put, type DraftMap, type DraftValue } from './draft.ts';
import { hasSchedule } from './events.ts';
import { noteFetching } from './gitlab-checkout.ts';
import { gitlabCondition, type ConditionContext } from './gitlab-conditions.ts';
import { readGitlabFile, type GitlabFile } from './gitlab-jobs.ts';
import { orderJobs } from './gitlab-order.ts';
import { gitlabStages, type GitlabContext } from './gitlab-stages.ts';
import { expandVariables, type Variables } from './gitlab-variables.ts';
import { takeKeys } from './take-keys.ts';
import { isVariable, StageNames } from './names.ts';
import type { PipelineDraft, StageDraft } from './pipeline-draft.ts';
import type { SourceText } from './read-source.ts';

export function convertGitlab(conversion: Conversion, source: SourceText): PipelineDraft {
  const file = readGitlabFile(conversion, source);
  const { text } = source.source;
  const hasMergeRequests = /merge_request|CI_MERGE_REQUEST|external_pull_request/.test(text);
  const variables = readVariables(conversion, file.globals.get('variables'));
  const condition: ConditionContext = { conversion, variables: variables.texts, hasMergeRequests };
  const workflow = readWorkflow(condition, file);
  const fetching = [file.globals.get('variables'), ...file.jobs.map((job) => job.keys.get('variables'))];
  for (const entry of fetching) noteFetching(conversion, entry?.value);
  const names = new StageNames();
  const context: GitlabContext = {
    ...condition,
    names,
    env: variables.env,
    workflow: workflow.condition,
    wanted: new Map(),
    order: orderJobs(conversion, file),
    jobs: new Map(file.jobs.map((job) => [job.name, job])),
  };
  for (const job of file.jobs) names.of(job.name);
  const stages: StageDraft[] = [];
  for (const job of file.jobs) stages.push(...gitlabStages(context, job));
  for (const [name, value] of context.wanted) put(context.env, name, value);
  return {
    name: workflow.name,
    on: triggers(conversion, text, hasMergeRequests),
    env: context.env,
    concurrency:
      /^[ \t]*interruptible:[ \t]*true/m.test(text) || file.globals.has('auto_cancel')
        ? draftOf({ group: '${{ branch }}', when_busy: 'cancel_older' })
        : undefined,
    stages,
  };
}

/** GitLab keeps schedules in its settings, and starts a pipeline for branches, tags and by hand. */
function triggers(conversion: Conversion, text: string, hasMergeRequests: boolean): DraftMap {
  const on = draftMap();
  const add = (event: string, value: DraftValue): void =>
    void on.entries.push({ key: event, value, from: null, comments: [] });
  add('push', draftMap());
  if (hasMergeRequests) add('pull_request', draftMap());
  add('tag', '**');
  add('manual', draftMap());
  const at = /"schedule"|'schedule'|^[ \t]*-[ \t]*schedules[ \t]*$/m.exec(text);
  if (at !== null) {
    const start = at.index + at[0].search(/\S/);
    leftOut(
      conversion,
      { start, end: at.index + at[0].length },
      {
        what: 'schedule',
        why: 'GitLab keeps schedules in its settings, not in the file.',
        whatToDo: hasSchedule ? "Add on: schedule: [{ cron: '0 3 * * *' }]." : '',
      },
    );
  }
  return on;
}

interface ReadVariables {
  readonly texts: Map<string, string>;
  readonly env: DraftMap;
}

function readVariables(conversion: Conversion, entry: MapEntry | undefined): ReadVariables {
  const texts = new Map<string, string>();
  for (const each of entriesOf(entry?.value)) {
    const text = textOf(entryOf(each.value, 'value')?.value) ?? textOf(each.value);
    if (text !== null && isVariable(each.key)) texts.set(each.key, text);
    else if (each.value.kind !== 'map') noteOddVariable(conversion, each);
    if (each.value.kind === 'map') {
      if (text === null && isVariable(each.key)) texts.set(each.key, '');
      changed(conversion, each.keySpan, {
        what: each.key.slice(0, 60),
        why: 'nobody is asked for its value.',
        whatToDo: 'Make it an input: on: manual: inputs.',
      });
    }
  }
  const env = draftMap();
  for (const each of entriesOf(entry?.value)) {
    const text = texts.get(each.key);
    if (text === undefined || env.entries.some((known) => known.key === each.key)) continue;
    put(env, each.key, fixedText(conversion, text, texts, each), spanOfEntry(each));
  }
  return { texts, env };
}

const noteOddVariable = (conversion: Conversion, entry: MapEntry): void =>
  leftOut(conversion, entry.keySpan, {
    what: entry.key.slice(0, 60),
    why: 'it is not a variable with a value.',
  });

/** Variables of the pipeline cannot name each other, so values are written out. */
function fixedText(conversion: Conversion, text: string, texts: Variables, entry: MapEntry): string {
  const { text: expanded, unknown } = expandVariables(text, texts);
  if (unknown.length === 0) return expanded;
  leftOut(conversion, entry.value, {
    what: unknown
      .map((name) => `$${name}`)
      .join(', ')
      .slice(0, 200),
    why: 'GitLab sets it outside of the file, and it stays as it is written.',
    whatToDo: 'Write the value itself.',
  });
  return unknown.reduce((result, name) => result.replaceAll(`\${{ env.${name} }}`, `$${name}`), expanded);
}

/** `workflow: rules` decide whether anything runs: a condition that every job has. */
function readWorkflow(
  context: ConditionContext,
  file: GitlabFile,
): { readonly name: string | null; readonly condition: Cel } {
  const { conversion } = context;
  const fields = takeKeys(conversion, file.globals.get('workflow')?.value, 'workflow');
  const rules = fields.get('rules')?.value;
  if (rules?.kind !== 'list') return { name: null, condition: yes };
  let condition = no;
  for (const rule of rules.items.slice(0, 100).toReversed()) {
    const keys = takeKeys(conversion, rule, 'rule');
    const written = keys.get('if');
    const isNever = textOf(keys.get('when')?.value) === 'never';
    const parsed =
      written === undefined ? yes : gitlabCondition(context, textOf(written.value) ?? '', written.value);
    if (parsed === null) continue;
    condition = isNever ? and(not(parsed), condition) : or(parsed, condition);
  }
  return { name: null, condition: simpler(condition) };
}

/** Any event at all. */
function simpler(condition: Cel): Cel {
  const parts = new Set(condition.text.split(' || '));
  return parts.has("event == 'tag'") &&
    (parts.has("event != 'tag'") || parts.has("(event != 'tag' && event != 'pull_request')")) &&
    (parts.has("event == 'pull_request'") || parts.has("event != 'tag'"))
    ? yes
    : condition;
}
