// `when` of a workflow → `on`; `when` of a step → its condition.
import type { SourceNode } from '../language/source-node.ts';
import { and, atom, no, not, or, yes, type Cel } from './cel.ts';
import { changed, entryOf, itemsOf, leftOut, textsOf, type Conversion } from './conversion.ts';
import { draftList, draftMap, put, type DraftMap, type DraftValue } from './draft.ts';
import { scheduled } from './events.ts';
import { takeKeys, type Taken } from './take-keys.ts';
import { quoted } from './names.ts';

type Event = 'push' | 'pull_request' | 'tag' | 'manual' | 'schedule';

const events: Readonly<Record<string, Event>> = {
  push: 'push',
  pull_request: 'pull_request',
  pull_request_closed: 'pull_request',
  pull_request_metadata: 'pull_request',
  tag: 'tag',
  release: 'tag',
  cron: 'schedule',
  manual: 'manual',
};

const conditions = {
  push: atom("event == 'push'"),
  pull_request: atom("event == 'pull_request'"),
  tag: atom("event == 'tag'"),
  manual: atom("event == 'manual'"),
  schedule: scheduled,
} satisfies Record<Event, Cel>;

/** Null: any; events that do not exist here have their notes. */
function eventsOf(conversion: Conversion, keys: Taken): ReadonlySet<Event> | null {
  const entry = keys.get('event');
  if (entry === undefined) return null;
  const excluded = new Set(textsOf(entryOf(entry.value, 'exclude')?.value));
  const found = new Set<Event>();
  const named = entry.value.kind === 'map' ? (entryOf(entry.value, 'include')?.value ?? null) : entry.value;
  if (named === null)
    return new Set(
      (['push', 'pull_request', 'tag', 'manual'] as const).filter((each) => !excluded.has(each)),
    );
  for (const item of itemsOf(named)) {
    for (const word of textsOf(item)) {
      const event = Object.hasOwn(events, word) ? events[word] : undefined;
      if (event === undefined)
        leftOut(conversion, item, {
          what: `event: ${word.slice(0, 40)}`,
          why: 'there is no such event here.',
        });
      else if (!excluded.has(word)) found.add(event);
      if (word === 'cron' && !keys.has('cron'))
        changed(conversion, item, {
          what: 'event: cron',
          why: 'Woodpecker keeps schedules in its settings, not in the file.',
          whatToDo: "Add on: schedule: [{ cron: '0 3 * * *' }].",
        });
      if (word === 'pull_request_closed' || word === 'release')
        changed(conversion, item, {
          what: `event: ${word}`,
          why: `the nearest event here is ${events[word] ?? ''}.`,
        });
    }
  }
  return found;
}

interface Patterns {
  readonly include: readonly string[];
  readonly exclude: readonly string[];
}

function patternsOf(conversion: Conversion, node: SourceNode | undefined): Patterns {
  const read = (list: SourceNode | undefined): readonly string[] =>
    itemsOf(list).flatMap((item) =>
      textsOf(item).map((text) => {
        if (!/\$\{?CI_REPO_DEFAULT_BRANCH\b/.test(text)) return text;
        changed(conversion, item, {
          what: '${CI_REPO_DEFAULT_BRANCH}',
          why: 'it is written as main.',
          whatToDo: 'Change it if your default branch has another name.',
        });
        return text.replace(/\$\{CI_REPO_DEFAULT_BRANCH\}|\$CI_REPO_DEFAULT_BRANCH\b/g, 'main');
      }),
    );
  if (node?.kind !== 'map') return { include: read(node), exclude: [] };
  return { include: read(entryOf(node, 'include')?.value), exclude: read(entryOf(node, 'exclude')?.value) };
}

/** The events of a workflow; without `when`, all but schedules. */
export function woodpeckerTriggers(
  conversion: Conversion,
  when: SourceNode | undefined,
  branches: SourceNode | undefined,
): DraftMap {
  const on = draftMap();
  const rules = new Map<
    Event,
    {
      readonly branches: string[];
      readonly paths: string[];
      readonly ignore: string[];
      anyBranch: boolean;
      anyPath: boolean;
    }
  >();
  const blocks = when === undefined ? [undefined] : itemsOf(when);
  for (const block of blocks) {
    const keys = takeKeys(conversion, block, 'when');
    for (const key of ['status', 'ref', 'tag'] as const) {
      const entry = keys.get(key);
      if (entry !== undefined)
        leftOut(conversion, entry.keySpan, {
          what: key,
          why: 'the events of a pipeline are not filtered by it.',
          whatToDo: 'Write it under if: of the stages.',
        });
    }
    const own = patternsOf(conversion, keys.get('branch')?.value ?? branches);
    const paths = patternsOf(conversion, keys.get('path')?.value);
    if (own.exclude.length > 0)
      leftOut(conversion, keys.get('branch')?.value ?? { start: 0, end: 1 }, {
        what: 'branch: exclude',
        why: 'branches are named, not left out.',
        whatToDo: 'Add if: branch != NAME to the stages.',
      });
    for (const event of eventsOf(conversion, keys) ?? (['push', 'pull_request', 'tag', 'manual'] as const)) {
      const rule = rules.get(event) ?? {
        branches: [],
        paths: [],
        ignore: [],
        anyBranch: false,
        anyPath: false,
      };
      rule.branches.push(...own.include);
      rule.paths.push(...paths.include);
      rule.ignore.push(...paths.exclude);
      rule.anyBranch ||= own.include.length === 0;
      rule.anyPath ||= paths.include.length === 0;
      rules.set(event, rule);
    }
  }
  for (const [event, rule] of rules) {
    if (event === 'schedule') continue;
    if (rule.anyPath && rule.paths.length > 0 && when !== undefined)
      changed(conversion, when, {
        what: `when: path of ${event}`,
        why: 'another filter of the same event has none, so that every path counts.',
        whatToDo: 'Write two pipelines, or on: push: { paths }.',
      });
    const map = draftMap();
    if (event === 'push' || event === 'pull_request') {
      const list = (values: readonly string[], isAny: boolean): DraftValue | undefined =>
        isAny || values.length === 0 ? undefined : draftList([...new Set(values)]);
      put(map, 'branches', list(rule.branches, rule.anyBranch), when ?? null);
      put(map, 'paths', list(rule.paths, rule.anyPath), when ?? null);
      put(map, 'ignore', list(rule.ignore, rule.ignore.length === 0), when ?? null);
    }
    on.entries.push({ key: event, value: event === 'tag' ? '**' : map, from: null, comments: [] });
  }
  if (on.entries.length === 0)
    on.entries.push({ key: 'manual', value: draftMap(), from: null, comments: [] });
  return on;
}

/** Undefined: as every step, after success of those before. */
export function woodpeckerCondition(
  conversion: Conversion,
  when: SourceNode | undefined,
): string | undefined {
  const blocks = itemsOf(when);
  if (blocks.length === 0) return undefined;
  const condition = or(...blocks.slice(0, 50).map((block) => blockCondition(conversion, block)));
  return condition.text === 'true' ? undefined : condition.text;
}

function blockCondition(conversion: Conversion, block: SourceNode): Cel {
  const keys = takeKeys(conversion, block, 'when');
  if (block.kind === 'map' && block.entries.some(({ key }) => key === 'evaluate')) return no;
  const path = keys.get('path');
  if (path !== undefined)
    changed(conversion, path.keySpan, {
      what: 'path',
      why: 'a stage does not look at changed files, so this part counts as true.',
      whatToDo: 'Filter the whole pipeline by on: push: { paths }.',
    });
  const asked = eventsOf(conversion, keys);
  const branch = patternsOf(conversion, keys.get('branch')?.value);
  const cron = keys.has('cron') ? scheduled : yes;
  const ref = refCondition(patternsOf(conversion, keys.get('ref')?.value));
  const tag = matching('tag', patternsOf(conversion, keys.get('tag')?.value));
  return and(statusCondition(keys), eventsAndBranch(asked, branch), cron, ref, tag);
}

function statusCondition(keys: Taken): Cel {
  const statuses = new Set(textsOf(keys.get('status')?.value));
  if (!statuses.has('failure')) return yes;
  return statuses.has('success') ? atom('always()') : atom('failure()');
}

/** A branch filter means the branch that is pushed to, of a pull request its target, and nothing for a tag. */
function eventsAndBranch(asked: ReadonlySet<Event> | null, branch: Patterns): Cel {
  const hasBranch = branch.include.length > 0 || branch.exclude.length > 0;
  if (!hasBranch) return asked === null ? yes : or(...[...asked].map((event) => conditions[event]));
  const pushed = matching('branch', branch);
  const target = matching('pull_request.target_branch', branch);
  if (asked === null)
    return or(
      conditions.tag,
      and(not(conditions.pull_request), pushed),
      and(conditions.pull_request, target),
    );
  return or(
    ...[...asked].map((event) =>
      event === 'tag' ? conditions.tag : and(conditions[event], event === 'pull_request' ? target : pushed),
    ),
  );
}

function matching(name: string, { include, exclude }: Patterns): Cel {
  const any = include.length === 0 ? yes : or(...include.map((pattern) => matchesGlob(name, pattern)));
  return and(any, ...exclude.map((pattern) => not(matchesGlob(name, pattern))));
}

/** A word is compared, a pattern matched. */
export function matchesGlob(name: string, pattern: string): Cel {
  if (['*', '**', '**/*'].includes(pattern)) return yes;
  if (!/[*?[{]/.test(pattern)) return atom(`${name} == ${quoted(pattern)}`);
  const expression = pattern
    .slice(0, 200)
    .replace(/[.+^$()|\\[\]{}]/g, '\\$&')
    .replace(/\*+/g, (stars) => (stars.length > 1 ? '.*' : '[^/]*'))
    .replace(/\?/g, '[^/]')
    .replace(/\\\{([^{}]*)\\\}/g, (_, words: string) => `(${words.replaceAll(',', '|')})`);
  return atom(`${name}.matches(${quoted(`^${expression}$`)})`);
}

function refCondition({ include, exclude }: Patterns): Cel {
  const one = (ref: string): Cel => {
    const [, kind, name = ''] = /^refs\/(heads|tags|pull)\/(.*)$/s.exec(ref) ?? [];
    if (kind === 'tags') return and(conditions.tag, matchesGlob('tag', name));
    if (kind === 'heads')
      return and(not(conditions.pull_request), not(conditions.tag), matchesGlob('branch', name));
    return kind === 'pull' ? conditions.pull_request : no;
  };
  return and(include.length === 0 ? yes : or(...include.map(one)), ...exclude.map((ref) => not(one(ref))));
}
