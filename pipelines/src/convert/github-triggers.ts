// `on:` of a workflow → ours.
import type { MapEntry, SourceNode } from '../language/source-node.ts';
import {
  changed,
  entriesOf,
  isTrue,
  itemsOf,
  leftOut,
  spanOfEntry,
  textOf,
  textsOf,
  type Conversion,
} from './conversion.ts';
import { draftList, draftMap, draftOf, isEmpty, put, type DraftMap, type DraftValue } from './draft.ts';
import { hasSchedule } from './events.ts';
import { takeKey, takeKeys } from './take-keys.ts';
import { isVariable, variableOf } from './names.ts';

export interface GithubTriggers {
  readonly on: DraftMap;
  /** Name → type. */
  readonly inputs: ReadonlyMap<string, string>;
}

export function githubTriggers(conversion: Conversion, entry: MapEntry | undefined): GithubTriggers {
  const events = eventsOf(conversion, entry?.value);
  const on = draftMap();
  const inputs = new Map<string, string>();
  const add = (event: string, value: DraftValue): void => {
    if (!on.entries.some((each) => each.key === event))
      on.entries.push({ key: event, value, from: null, comments: [] });
  };
  for (const [event, node] of events) {
    if (event === 'push') addPush(conversion, node, add);
    else if (event === 'pull_request' || event === 'pull_request_target')
      add('pull_request', branchRules(conversion, takeKeys(conversion, node, 'filter')));
    else if (event === 'workflow_dispatch') add('manual', manual(conversion, node, inputs));
    else if (event === 'workflow_call') add('manual', manual(conversion, onlyInputs(node), inputs));
    else if (event === 'schedule') addSchedule(conversion, node, add);
  }
  if (on.entries.length === 0) add('manual', draftMap());
  return { on, inputs };
}

/** The events that have a counterpart, with their rules. */
function eventsOf(
  conversion: Conversion,
  node: SourceNode | undefined,
): ReadonlyMap<string, SourceNode | undefined> {
  const events = new Map<string, SourceNode | undefined>();
  if (node?.kind === 'map') {
    for (const entry of entriesOf(node))
      if (takeKey(conversion, entry, 'trigger') || entry.key === 'workflow_call')
        events.set(entry.key, entry.value);
    return events;
  }
  for (const item of itemsOf(node)) {
    const key = textOf(item) ?? '';
    if (takeKey(conversion, { key, keySpan: item, value: item }, 'trigger')) events.set(key, undefined);
  }
  return events;
}

type Add = (event: string, value: DraftValue) => void;

/** A push without filters is of branches and tags; one that names only tags is of tags. */
function addPush(conversion: Conversion, node: SourceNode | undefined, add: Add): void {
  const keys = takeKeys(conversion, node, 'filter');
  const hasBranches = keys.has('branches') || entriesOf(node).some(({ key }) => key === 'branches-ignore');
  const hasTags = keys.has('tags') || entriesOf(node).some(({ key }) => key === 'tags-ignore');
  if (hasBranches || !hasTags) add('push', branchRules(conversion, keys));
  if (hasTags || !hasBranches) {
    const tags = patterns(conversion, keys.get('tags')?.value);
    add('tag', tags.length === 0 ? '**' : tags.length === 1 ? (tags[0] ?? '**') : draftList(tags));
  }
}

function branchRules(conversion: Conversion, keys: ReadonlyMap<string, MapEntry>): DraftMap {
  const rules = draftMap();
  const list = (key: string): readonly string[] => patterns(conversion, keys.get(key)?.value);
  const add = (key: string, values: readonly string[], entry: MapEntry | undefined): void => {
    if (values.length > 0)
      put(rules, key, draftList([...new Set(values)]), entry === undefined ? null : spanOfEntry(entry));
  };
  const turned = textsOf(keys.get('paths')?.value).filter((each) => each.startsWith('!'));
  add('branches', list('branches'), keys.get('branches'));
  add('paths', list('paths'), keys.get('paths'));
  add(
    'ignore',
    [...turned.map((each) => each.slice(1)), ...list('paths-ignore')],
    keys.get('paths-ignore') ?? keys.get('paths'),
  );
  return rules;
}

function patterns(conversion: Conversion, node: SourceNode | undefined): readonly string[] {
  return itemsOf(node).flatMap((item) => {
    const text = textOf(item)?.trim() ?? '';
    if (text === '') return [];
    if (!text.startsWith('!')) return [plainPattern(conversion, text, item)];
    changed(conversion, item, {
      what: text.slice(0, 60),
      why: 'patterns only add; those of paths stand under ignore.',
    });
    return [];
  });
}

/** Of `[0-9]+` any signs are left, because a star stands for all. */
function plainPattern(conversion: Conversion, text: string, place: SourceNode): string {
  if (!/\[0-9\][+*]?/.test(text)) return text;
  changed(conversion, place, {
    what: text.slice(0, 60),
    why: '[0-9] is written as *, which fits more than digits.',
    whatToDo: 'Ask more exactly in if: branch.matches(…).',
  });
  return text.replace(/\[0-9\][+*]?/g, '*');
}

function addSchedule(conversion: Conversion, node: SourceNode | undefined, add: Add): void {
  const rules = itemsOf(node).flatMap((item): DraftValue[] => {
    const keys = takeKeys(conversion, item, 'schedule');
    const cron = textOf(keys.get('cron')?.value);
    const timezone = textOf(keys.get('timezone')?.value);
    return cron === null
      ? []
      : [draftOf({ cron: cron.trim().replace(/\s+/g, ' '), timezone: timezone ?? 'UTC' }, item)];
  });
  if (rules.length === 0) return;
  if (hasSchedule) add('schedule', draftList(rules, node ?? null));
  else if (node !== undefined)
    leftOut(conversion, node, {
      what: 'schedule',
      why: 'this version of Sluice has no schedules.',
      whatToDo: 'Start it by hand, or through the API.',
    });
}

/** The inputs of a called workflow are asked for where a person starts it. */
const onlyInputs = (node: SourceNode | undefined): SourceNode | undefined =>
  node?.kind === 'map' ? { ...node, entries: node.entries.filter(({ key }) => key === 'inputs') } : undefined;

const inputTypes: Readonly<Record<string, string>> = {
  string: 'string',
  boolean: 'boolean',
  choice: 'choice',
  number: 'number',
  environment: 'string',
};

function manual(conversion: Conversion, node: SourceNode | undefined, inputs: Map<string, string>): DraftMap {
  const drafts = draftMap();
  for (const entry of entriesOf(takeKeys(conversion, node, 'dispatch').get('inputs')?.value)) {
    const name = variableOf(entry.key);
    if (!isVariable(name)) continue;
    const keys = takeKeys(conversion, entry.value, 'input');
    const options = textsOf(keys.get('options')?.value).filter((each) => each !== '');
    const written = textOf(keys.get('type')?.value) ?? 'string';
    const wanted = Object.hasOwn(inputTypes, written) ? (inputTypes[written] ?? 'string') : 'string';
    const type = wanted === 'choice' && options.length === 0 ? 'string' : wanted;
    inputs.set(entry.key, type);
    const input = draftOf(
      {
        type,
        options: type === 'choice' ? draftList(options) : undefined,
        default: defaultOf(keys.get('default')?.value, type),
        description: plainTextOf(keys.get('description')?.value),
      },
      spanOfEntry(entry),
    );
    if (!isEmpty(input)) put(drafts, name, input, spanOfEntry(entry));
  }
  return drafts.entries.length === 0 ? draftMap() : draftOf({ inputs: drafts });
}

function defaultOf(node: SourceNode | undefined, type: string): DraftValue | undefined {
  const text = textOf(node);
  if (text === null || text.trim() === '') return undefined;
  if (type === 'boolean') return isTrue(node) || text === 'true';
  return type === 'number' ? Number(text) : withoutExpressions(text);
}

function plainTextOf(node: SourceNode | undefined): string | undefined {
  const text = textOf(node)?.trim() ?? '';
  return text === '' ? undefined : withoutExpressions(text);
}

const withoutExpressions = (text: string): string => text.replaceAll('${{', '$ {{');
