// The tables against the parser: what one knows, the other knows, at every place of a file.
import { describe, expect, test } from 'vitest';
import { parsePipeline } from '../parse-pipeline.ts';
import { namesOf, type MapShape } from './key.ts';
import { pipeline } from './pipeline-keys.ts';
import { placedMaps, type PathPart, type PlacedMap } from './walk-keys.ts';

const places = placedMaps(pipeline).filter(({ shape }) => namesOf(shape.keys).length > 0);

test('every map of the language has a place in a file', () => {
  expect(places.length).toBeGreaterThan(30);
});

describe.each(places.map((place): [string, PlacedMap] => [nameOf(place.path), place]))('%s', (_, place) => {
  test('knows in the parser the keys of its table and no other', () => {
    const answer = firstUnknown(place, { qqqqqqqqqqqq: 1 });
    // A map with names of the author's own refuses no name that could be one.
    if (place.shape.others !== null) return;
    const known = /Known keys are (.*)\.$/.exec(answer ?? '')?.[1]?.split(', ') ?? [];
    expect(known.filter((name) => !isMisplaced(place, name))).toEqual(namesOf(place.shape.keys));
  });

  test('has no key in its table that the parser refuses', () => {
    for (const name of namesOf(place.shape.keys)) expect(firstUnknown(place, { [name]: 1 })).toBeNull();
  });
});

/** Keys of a metric that people write into an analysis: the parser knows them only to say where they belong. */
const isMisplaced = ({ shape }: PlacedMap, name: string): boolean =>
  shape.called === 'an analysis' && !Object.hasOwn(shape.keys, name);

/** What the parser says about a key that it does not know, in a file with nothing but the way to this map. */
function firstUnknown({ path }: PlacedMap, value: unknown): string | null {
  const text = JSON.stringify(build(path, value), null, 2);
  const { diagnostics } = parsePipeline(text, '.sluice.yml');
  const found = diagnostics.find(({ code }) => code === 'unknown-key' || code === 'not-supported-yet');
  return found?.message ?? null;
}

function build(path: readonly PathPart[], value: unknown): unknown {
  const [part, ...rest] = path;
  if (part === undefined) return value;
  const inner = build(rest, value);
  switch (part.kind) {
    case 'item':
      return [inner];
    case 'name':
      return { a: inner };
    case 'key':
      return { [part.name]: inner, ...companions(part.within, part.name) };
  }
}

/** A canary alone has steps and metrics; they are read without it too, so only what decides the kind is written. */
const companions = (within: MapShape, name: string): Readonly<Record<string, unknown>> =>
  within.called === 'a stage' && within.rules.together?.[name]?.includes('steps') === true
    ? { steps: ['true'] }
    : {};

function nameOf(path: readonly PathPart[]): string {
  const words = { key: null, name: '<name>', item: '[]' };
  return path.map((part) => (part.kind === 'key' ? part.name : words[part.kind])).join('.') || 'the file';
}
