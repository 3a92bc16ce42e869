// How stages name each other: needs that exist, no cycle, images that come from a stage of the right kind.
import { sortStages } from '../plan/sort-stages.ts';
import type { StageDefinition, StageKind } from './definition.ts';
import { nodeAt } from './find-node.ts';
import { isFull, report, suggestion, type Reading } from './reading.ts';
import type { SourceNode } from './source-node.ts';
import { findCycle, needsAnswers, type NeedsStage } from './stage-graph.ts';
import { memberId } from './templates/expand-uses.ts';
import { isUnread } from './templates/unread.ts';

export function checkStages(reading: Reading, root: SourceNode, stages: readonly StageDefinition[]): void {
  const places = stagePlaces(root);
  const kinds = new Map<string, StageKind>(
    stages.map((stage) => [stage.id, stage.matrix === null ? stage.work.kind : 'matrix']),
  );
  for (const stage of stages) checkNeeds(reading, places, stage, kinds);
  const cycle = findCycle(stages);
  if (cycle !== null) {
    const [first = '', second = ''] = cycle;
    const message =
      cycle.length === 2
        ? `Stage "${first}" needs itself, so it could never start. Remove that need.`
        : `These stages wait for each other, so none could ever start: ${cycle.join(' → ')}. Remove one of these needs.`;
    const at = needPlace(places, first, second) ?? root;
    report(reading, at, 'cycle', message);
    return;
  }
  // Which stages a template would have, nobody knows then.
  if (stages.some(({ work }) => work.kind === 'use' && isUnread(work))) return;
  const direct = needsAnswers(sortStages(stages));
  // Images and files may also come from a stage of a template: `ci.build`.
  const needs: NeedsStage = (stage, other) => direct(stage, ownerOf(other));
  const members = membersOf(reading);
  const several = new Set(stages.filter(({ matrix }) => matrix !== null).map(({ id }) => id));
  for (const { id, work, matrix } of members) kinds.set(id, matrix === null ? work.kind : 'matrix');
  const byId = new Map([...stages, ...members].map((stage) => [stage.id, stage]));
  for (const stage of stages) {
    if (namesOneOfSeveral(reading, places, stage, several)) continue;
    checkImageSource(reading, places, stage, kinds, needs);
    checkArtifactSources(reading, places, stage, byId, needs);
  }
}

/** `ci` of `ci.build`. */
const ownerOf = (id: string): string => id.split('.', 1)[0] ?? id;

const membersOf = ({ used }: Reading): readonly StageDefinition[] =>
  [...used].flatMap(([user, { stages }]) =>
    stages.map((stage) => ({ ...stage, id: memberId(user, stage.id) })),
  );

/** A stage of a template that is used once for each combination of a matrix has no name of its own in the file. */
function namesOneOfSeveral(
  reading: Reading,
  places: Places,
  stage: StageDefinition,
  several: ReadonlySet<string>,
): boolean {
  const image = imageSource(stage);
  const files = stage.work.kind === 'steps' ? (stage.work.keeps?.artifactsFrom ?? []) : [];
  const named = [...(image === null ? [] : [image.id]), ...files].find(
    (id) => id !== ownerOf(id) && several.has(ownerOf(id)),
  );
  if (named === undefined) return false;
  const owner = ownerOf(named);
  const at =
    image?.id === named
      ? nodeAt(places.get(stage.id), stage.work.kind, image.key)
      : nodeAt(places.get(stage.id), 'artifacts', 'from');
  const help =
    image?.id === named
      ? 'Do this in the template itself, once for each.'
      : `Take the files of all: artifacts: { from: [${owner}] }.`;
  const message = `stage "${stage.id}" names "${named}", and ${owner} has a matrix, so that there are several. ${help}`;
  if (at !== undefined) report(reading, at, 'wrong-stage-kind', message);
  return true;
}

type Places = ReadonlyMap<string, SourceNode>;
type Kinds = ReadonlyMap<string, StageKind>;

function stagePlaces(root: SourceNode): Places {
  const stages = nodeAt(root, 'stages');
  return new Map(stages?.kind === 'map' ? stages.entries.map((entry) => [entry.key, entry.value]) : []);
}

/** Where a stage names one of its needs. */
function needPlace(places: Places, stage: string, need: string): SourceNode | undefined {
  const needs = nodeAt(places.get(stage), 'needs');
  const items = needs?.kind === 'list' ? needs.items : needs === undefined ? [] : [needs];
  const nameIn = (item: SourceNode): SourceNode => nodeAt(item, 'stage') ?? item;
  return items.map(nameIn).find((item) => item.kind === 'scalar' && item.value === need);
}

function checkNeeds(reading: Reading, places: Places, stage: StageDefinition, kinds: Kinds): void {
  for (const need of stage.needs) {
    if (need.stage === '' || kinds.has(need.stage)) continue;
    if (isFull(reading)) return;
    const at = needPlace(places, stage.id, need.stage);
    if (at === undefined) continue;
    const names = need.stage.split(/[\s,]+/).filter((name) => name !== '');
    const help =
      names.length > 1 && names.every((name) => kinds.has(name))
        ? ` Several stand in a list: [${names.join(', ')}].`
        : suggestion(reading, need.stage, kinds.keys());
    report(
      reading,
      at,
      'unknown-stage',
      `stage "${stage.id}" needs "${need.stage}", which does not exist.${help}`,
    );
  }
}

interface ImageSource {
  readonly key: string;
  readonly id: string;
  readonly allowed: readonly StageKind[];
}

function imageSource({ work }: StageDefinition): ImageSource | null {
  switch (work.kind) {
    case 'scan':
    case 'push':
      return { key: 'of', id: work.of, allowed: ['build'] };
    case 'deploy':
      return {
        key: 'image',
        id: work.image,
        allowed: work.container === null ? ['push'] : ['push', 'build'],
      };
    default:
      return null;
  }
}

function checkImageSource(
  reading: Reading,
  places: Places,
  stage: StageDefinition,
  kinds: Kinds,
  needs: NeedsStage,
): void {
  const source = imageSource(stage);
  if (source === null || source.id === '') return;
  const at = nodeAt(places.get(stage.id), stage.work.kind, source.key);
  if (at === undefined || isFull(reading)) return;
  const name = `stage "${stage.id}": ${stage.work.kind}.${source.key}`;
  const wanted = source.allowed.join(' or ');
  const kind = kinds.get(source.id);
  if (kind === undefined) {
    const fitting = [...kinds].filter(([, each]) => source.allowed.includes(each)).map(([id]) => id);
    const help = suggestion(reading, source.id, fitting);
    report(
      reading,
      at,
      'unknown-stage',
      `${name} names "${source.id}", which does not exist.${help} It must be a ${wanted} stage.`,
    );
  } else if (!source.allowed.includes(kind)) {
    report(
      reading,
      at,
      'wrong-stage-kind',
      kind === 'matrix'
        ? `${name} names "${source.id}", which has a matrix and so gives several images. It must be a ${wanted} stage without one.`
        : `${name} names "${source.id}", a ${kind} stage. It must be a ${wanted} stage.`,
    );
  } else if (!needs(stage.id, source.id)) {
    const message = `${name} uses "${source.id}", and nothing makes sure that it has ended before. Add it to needs: [${ownerOf(source.id)}].`;
    report(reading, at, 'missing-need', message);
  }
}

/** Artifacts are taken from stages that have ended before and keep some. */
function checkArtifactSources(
  reading: Reading,
  places: Places,
  stage: StageDefinition,
  stages: ReadonlyMap<string, StageDefinition>,
  needs: NeedsStage,
): void {
  const from = stage.work.kind === 'steps' ? (stage.work.keeps?.artifactsFrom ?? []) : [];
  const written = nodeAt(places.get(stage.id), 'artifacts', 'from');
  const items = written?.kind === 'list' ? written.items : written === undefined ? [] : [written];
  for (const [index, id] of from.entries()) {
    const at = items[index];
    if (at === undefined || id === '' || isFull(reading)) continue;
    const name = `stage "${stage.id}": artifacts.from`;
    const source = stages.get(id);
    if (source === undefined) {
      const keeping = [...stages.values()].filter(keepsArtifacts).map((each) => each.id);
      const help = suggestion(reading, id, keeping);
      report(reading, at, 'unknown-stage', `${name} names "${id}", which does not exist.${help}`);
    } else if (!keepsArtifacts(source)) {
      report(
        reading,
        at,
        'no-artifacts',
        `${name} names "${id}", which keeps no artifacts. Add artifacts: { paths: [dist/**] } there.`,
      );
    } else if (!needs(stage.id, id)) {
      const message = `${name} takes files of "${id}", and nothing makes sure that it has ended before. Add it to needs: [${ownerOf(id)}].`;
      report(reading, at, 'missing-need', message);
    }
  }
}

const keepsArtifacts = ({ work }: StageDefinition): boolean =>
  work.kind === 'steps' && (work.keeps?.artifacts ?? null) !== null;
