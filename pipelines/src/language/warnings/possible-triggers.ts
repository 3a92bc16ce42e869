import { defaultInputs } from '../../plan/check-inputs.ts';
import type { Trigger } from '../../trigger/trigger.ts';
import type { PipelineDefinition } from '../definition.ts';
import type { Scope } from '../expression/scope.ts';

/** One way in which a file can be started, with what is known of it from the file alone. */
export interface PossibleTrigger {
  readonly event: Trigger['event'];
  readonly scope: Scope;
  /** Roots of the names whose values in `scope` are certain. */
  readonly known: ReadonlySet<string>;
}

/** More branches than this are not told apart. */
const mostBranches = 10;

const base = { repository: '', actor: '', commit: { sha: '', message: '', author: '' } };

/** Every kind of trigger that the file listens to; for branches and tags that it names without a pattern, each of them. */
export function possibleTriggers({ on }: PipelineDefinition): readonly PossibleTrigger[] {
  const inputs = defaultInputs(on.manual);
  const known = (trigger: Trigger, ...names: readonly string[]): PossibleTrigger => ({
    event: trigger.event,
    scope: {
      trigger,
      inputs: trigger.event === 'manual' ? {} : inputs,
      env: () => null,
      run: null,
      stage: null,
    },
    known: new Set(['event', ...names]),
  });
  const listed: PossibleTrigger[] = [];
  for (const branch of on.push === null ? [] : exactNames(on.push.branches)) {
    const trigger: Trigger = { ...base, event: 'push', branch: branch ?? '', changedFiles: null };
    listed.push(known(trigger, 'tag', 'pull_request', 'inputs', ...(branch === null ? [] : ['branch'])));
  }
  for (const tag of on.tag === null ? [] : exactNames(on.tag.patterns)) {
    const trigger: Trigger = { ...base, event: 'tag', tag: tag ?? '' };
    listed.push(known(trigger, 'branch', 'pull_request', 'inputs', ...(tag === null ? [] : ['tag'])));
  }
  if (on.pull_request !== null) listed.push(known(pullRequest, 'tag', 'inputs'));
  if (on.schedule !== null) listed.push(known(schedule, 'tag', 'pull_request', 'inputs'));
  if (on.manual !== null)
    listed.push(known({ ...base, event: 'manual', branch: '', inputs: {} }, 'tag', 'pull_request'));
  return listed;
}

const pullRequest: Trigger = {
  ...base,
  event: 'pull_request',
  number: 0,
  title: '',
  branch: '',
  targetBranch: '',
  fromFork: false,
};
const schedule: Trigger = { ...base, event: 'schedule', branch: '', cron: '', timezone: 'UTC', dueAt: 0 };

/** The names themselves where none is a pattern; otherwise null, for any. */
function exactNames(patterns: readonly string[]): readonly (string | null)[] {
  const areExact = patterns.length > 0 && patterns.every((each) => /^[\w./-]+$/.test(each));
  return areExact && patterns.length <= mostBranches ? patterns : [null];
}
