// The parts of a pipeline that every converter makes, and the order in which they are written.
import type { Span } from '../language/source-file.ts';
import { draftList, draftMap, draftOf, isEmpty, put, type DraftMap, type DraftValue } from './draft.ts';

export interface PipelineDraft {
  readonly name: string | null;
  readonly on: DraftMap;
  readonly env: DraftMap;
  readonly concurrency: DraftValue | undefined;
  readonly stages: readonly StageDraft[];
}

/** One key of `stages`; `keys` may be any of the language's. */
export interface StageDraft {
  readonly id: string;
  readonly from: Span | null;
  readonly keys: Readonly<Record<string, DraftValue | undefined>>;
  /** Where keys stand in the source, for what is said about them. */
  readonly places?: Readonly<Record<string, Span>>;
}

const keyOrder = [
  'needs',
  'if',
  'image',
  'matrix',
  'services',
  'env',
  'allow_failure',
  'timeout',
  'retry',
  'concurrency',
  'checkout',
  'shell',
  'user',
  'resources',
  'cache',
  'steps',
  'build',
  'push',
  'approve',
  'outputs',
  'artifacts',
  'reports',
];

export function draftPipeline(pipeline: PipelineDraft): DraftMap {
  const root = draftMap();
  if (pipeline.name !== null && pipeline.name.trim() !== '') put(root, 'name', pipeline.name.slice(0, 200));
  root.entries.push({ key: 'on', value: shortTriggers(pipeline.on), from: null, comments: [] });
  put(root, 'env', pipeline.env);
  put(root, 'concurrency', pipeline.concurrency);
  const stages = draftMap();
  for (const { id, from, keys, places = {} } of pipeline.stages) {
    const stage = draftMap();
    for (const key of keyOrder) put(stage, key, keys[key], places[key] ?? from);
    // An approval or a build without rules of its own has no keys, and means something.
    for (const kind of ['approve', 'build']) {
      if (keys[kind] === undefined || stage.entries.some((each) => each.key === kind)) continue;
      stage.entries.push({ key: kind, value: draftMap(), from, comments: [] });
    }
    stages.entries.push({ key: id, value: stage, from, comments: [] });
  }
  root.entries.push({ key: 'stages', value: stages, from: null, comments: [] });
  return root;
}

export interface NeedDraft {
  readonly stage: string;
  readonly optional: boolean;
}

/** `[build, { stage: lint, optional: true }]`, each once; nothing where there is none. */
export function needsDraft(needs: readonly NeedDraft[]): DraftValue | undefined {
  const byStage = new Map<string, boolean>();
  for (const { stage, optional } of needs) byStage.set(stage, optional && (byStage.get(stage) ?? true));
  const items = [...byStage].map(([stage, optional]): DraftValue =>
    optional ? draftOf({ stage, optional }) : stage,
  );
  return items.length === 0 ? undefined : draftList(items);
}

/** `[push, tag]` where no event has rules. */
const shortTriggers = (on: DraftMap): DraftValue =>
  on.entries.length > 0 &&
  on.entries.every(({ value, from }) => from === null && (value === '**' || isEmpty(value)))
    ? draftList(on.entries.map(({ key }) => key))
    : on;
