import type { BranchRules, TriggerRules } from '../language/definition.ts';
import { wallClock } from '../cron/time-zone.ts';
import { unreachable } from '../result.ts';
import { matchesAny } from './match-glob.ts';
import type { PullRequestTrigger, PushTrigger, ScheduleTrigger, Trigger } from './trigger.ts';

/** Whether an event starts a pipeline; every reason names the rule and the value. */
export interface TriggerMatch {
  readonly matches: boolean;
  readonly reasons: readonly string[];
}

export function matchTrigger(rules: TriggerRules, trigger: Trigger): TriggerMatch {
  switch (trigger.event) {
    case 'push':
      return rules.push === null ? notListed('push', 'A push') : matchPush(rules.push, trigger);
    case 'pull_request':
      return rules.pull_request === null
        ? notListed('pull_request', 'A pull request')
        : matchPullRequest(rules.pull_request, trigger);
    case 'tag': {
      if (rules.tag === null) return notListed('tag', 'A tag');
      const { patterns } = rules.tag;
      if (patterns.length === 0 || matchesAny(patterns, trigger.tag))
        return yes(`tag "${trigger.tag}" ${matchesList('on.tag', patterns)}`);
      return no(`tag "${trigger.tag}" does not match on.tag ${list(patterns)}`);
    }
    case 'schedule':
      return matchSchedule(rules, trigger);
    case 'manual':
      return rules.manual === null
        ? notListed('manual', 'A manual start')
        : yes(`started by ${trigger.actor} on branch "${trigger.branch}"`);
    default:
      return unreachable(trigger);
  }
}

function matchSchedule({ schedule }: TriggerRules, trigger: ScheduleTrigger): TriggerMatch {
  if (schedule === null) return notListed('schedule', 'A schedule');
  const { cron, timezone, dueAt, branch } = trigger;
  if (!schedule.some((rule) => rule.cron === cron && rule.timezone === timezone))
    return no(`on.schedule does not hold "${cron}" in ${timezone} any more`);
  return yes(
    `on.schedule "${cron}" came at ${wallClock(timezone, dueAt)} (${timezone}), on branch "${branch}"`,
  );
}

const skipMarks = ['[skip ci]', '[ci skip]'];

function matchPush(rules: BranchRules, trigger: PushTrigger): TriggerMatch {
  const message = trigger.commit.message.toLowerCase();
  const mark = skipMarks.find((each) => message.includes(each));
  if (mark !== undefined) return no(`the commit message holds ${mark}`);
  const branch = matchBranch(rules, trigger.branch, 'push to branch', 'on.push.branches');
  if (!branch.matches) return branch;
  const paths = matchPaths(rules, trigger.changedFiles, 'on.push');
  return {
    matches: paths.matches,
    reasons: paths.matches ? [...branch.reasons, ...paths.reasons] : paths.reasons,
  };
}

function matchPullRequest(rules: BranchRules, trigger: PullRequestTrigger): TriggerMatch {
  const what = `pull request #${trigger.number} into branch`;
  const branch = matchBranch(rules, trigger.targetBranch, what, 'on.pull_request.branches');
  if (!branch.matches) return branch;
  const paths = matchPaths(rules, null, 'on.pull_request');
  return { matches: true, reasons: [...branch.reasons, ...paths.reasons] };
}

function matchBranch(rules: BranchRules, branch: string, what: string, key: string): TriggerMatch {
  const { branches } = rules;
  if (branches.length === 0 || matchesAny(branches, branch))
    return yes(`${what} "${branch}" ${matchesList(key, branches)}`);
  return no(`${what} "${branch}" does not match ${key} ${list(branches)}`);
}

/** Changes that are not known are taken to matter: a run too many is better than one too few. */
function matchPaths(rules: BranchRules, changed: readonly string[] | null, key: string): TriggerMatch {
  if (rules.paths.length === 0 && rules.ignore.length === 0) return { matches: true, reasons: [] };
  if (changed === null) return yes('which files changed is not known, so every path counts');
  const counted = changed.filter((path) => !matchesAny(rules.ignore, path));
  if (counted.length === 0)
    return no(`every changed file matches ${key}.ignore ${list(rules.ignore)}: ${sample(changed)}`);
  if (rules.paths.length === 0) return yes(`${sample(counted)} changed`);
  const wanted = counted.find((path) => matchesAny(rules.paths, path));
  return wanted === undefined
    ? no(`no changed file matches ${key}.paths ${list(rules.paths)}: ${sample(counted)}`)
    : yes(`${wanted} changed, which matches ${key}.paths ${list(rules.paths)}`);
}

const yes = (reason: string): TriggerMatch => ({ matches: true, reasons: [reason] });
const no = (reason: string): TriggerMatch => ({ matches: false, reasons: [reason] });
const notListed = (event: string, what: string): TriggerMatch =>
  no(`${what} does not start this pipeline: on.${event} is not in the file`);

const matchesList = (key: string, patterns: readonly string[]): string =>
  patterns.length === 0 ? `matches: ${key} names none, so any will do` : `matches ${key} ${list(patterns)}`;
const list = (patterns: readonly string[]): string => `[${patterns.join(', ')}]`;

function sample(paths: readonly string[]): string {
  if (paths.length === 0) return 'no file';
  const shown = paths.slice(0, 3).join(', ');
  return paths.length > 3 ? `${shown} and ${paths.length - 3} more` : shown;
}
