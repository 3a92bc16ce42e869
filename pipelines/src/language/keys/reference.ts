// The key tables in the order of a reference: a section for each key that has one, with the keys below it.
import { describeShape } from './describe-shape.ts';
import type { Key, MapShape, Shape } from './key.ts';
import { pipeline } from './pipeline-keys.ts';
import { template } from './template-keys.ts';
import { placedMaps } from './walk-keys.ts';

export interface ReferenceSection {
  readonly heading: string;
  readonly key: ReferenceKey;
  /** Keys within, those with a section of their own left out. */
  readonly keys: readonly ReferenceKey[];
}

export interface ReferenceKey {
  /** Seen from the section: `attempts`, `inputs.NAME.type`. */
  readonly name: string;
  readonly says: string;
  readonly type: string;
  readonly isRequired: boolean;
  readonly fallback: string | null;
}

/** Keys of the file first, then of events, of stages and of deployments. */
export function languageReference(): readonly ReferenceSection[] {
  const sections = new Map<string, ReferenceSection>();
  const elsewhere = explainedElsewhere();
  const visit = (map: MapShape): void => {
    const keys = Object.entries(map.keys);
    for (const [name, key] of keys) {
      const { section } = key;
      if (section === undefined || sections.has(section)) continue;
      sections.set(section, {
        heading: section,
        key: referenceKey(name, key),
        keys: keysWithin(key.shape, '', elsewhere),
      });
    }
    for (const [, { shape }] of keys) for (const inner of mapsIn(shape)) visit(inner);
    for (const inner of map.others === null ? [] : mapsIn(map.others.shape)) visit(inner);
  };
  visit(pipeline);
  visit(template);
  return [...sections.values()];
}

const referenceKey = (name: string, { says, shape, required, fallback }: Key): ReferenceKey => ({
  name,
  says,
  type: describeShape(shape),
  isRequired: required === true,
  fallback: fallback ?? null,
});

/** Without those of shapes that another section is about. */
function keysWithin(shape: Shape, path: string, elsewhere: ReadonlySet<Shape>): readonly ReferenceKey[] {
  return mapsIn(shape).flatMap(({ keys, others }) => [
    ...Object.entries(keys)
      .filter(([, { section }]) => section === undefined)
      .flatMap(([name, key]) => [
        referenceKey(path + name, key),
        ...(elsewhere.has(key.shape) ? [] : keysWithin(key.shape, `${path}${name}.`, elsewhere)),
      ]),
    ...(others === null ? [] : keysWithin(others.shape, `${path}NAME.`, elsewhere)),
  ]);
}

function explainedElsewhere(): ReadonlySet<Shape> {
  const keys = placedMaps(pipeline).flatMap(({ shape }) => Object.values(shape.keys));
  return new Set(keys.filter(({ section }) => section !== undefined).map(({ shape }) => shape));
}

/** Maps that may stand there, also as items of a list. */
function mapsIn(shape: Shape): readonly MapShape[] {
  if (shape.kind === 'one-of') return [...new Set(shape.shapes.flatMap(mapsIn))];
  if (shape.kind === 'list') return mapsIn(shape.of);
  return shape.kind === 'map' ? [shape] : [];
}
