// One mistake at every place of a pipeline where one can be made by the kind of what stands there.
import type { Key, MapShape, Shape } from '../keys/key.ts';
import { pipeline } from '../keys/pipeline-keys.ts';

export interface Fault {
  readonly says: string;
  readonly value: unknown;
}

/** Each with an unknown key, without a required key, or with a value of a kind that may not stand there. */
export function faultsOf(value: unknown, shape: MapShape = pipeline): readonly Fault[] {
  return faultsAt(value, [shape], '');
}

function faultsAt(value: unknown, shapes: readonly Shape[], path: string): readonly Fault[] {
  const maps = shapes.filter((shape): shape is MapShape => shape.kind === 'map');
  if (isMap(value)) return [...wrongKinds(value, shapes, path), ...faultsOfMap(value, maps, path)];
  if (!Array.isArray(value)) return wrongKinds(value, shapes, path);
  const items: readonly unknown[] = value;
  const of = shapes.flatMap((shape) => (shape.kind === 'list' ? alternatives(shape.of) : []));
  return [
    ...wrongKinds(value, shapes, path),
    ...items.flatMap((item, index) =>
      faultsAt(item, of, `${path}[${index}]`).map((fault) => ({
        ...fault,
        value: items.with(index, fault.value),
      })),
    ),
  ];
}

function faultsOfMap(
  value: Readonly<Record<string, unknown>>,
  maps: readonly MapShape[],
  path: string,
): readonly Fault[] {
  const faults: Fault[] = [];
  if (maps.every(({ others }) => others === null))
    faults.push({ says: `${path}: an unknown key`, value: { ...value, qqqqqqqqqqqq: 1 } });
  const badName = maps.some(({ others }) => others !== null && others.pattern !== '');
  if (badName)
    faults.push({ says: `${path}: a bad name`, value: { ...value, '0 !': Object.values(value)[0] ?? '' } });
  for (const [name, inner] of Object.entries(value)) {
    const key = keyOf(maps, name);
    const shape = key?.shape ?? maps.find(({ others }) => others !== null)?.others?.shape;
    const { [name]: _, ...rest } = value;
    if (key?.required === true) faults.push({ says: `${path}: without ${name}`, value: rest });
    const within = shape === undefined ? [] : faultsAt(inner, alternatives(shape), `${path}.${name}`);
    faults.push(...within.map((fault) => ({ ...fault, value: { ...value, [name]: fault.value } })));
  }
  return faults;
}

const keyOf = (maps: readonly MapShape[], name: string): Key | undefined =>
  maps
    .map(({ keys }) => (Object.hasOwn(keys, name) ? keys[name] : undefined))
    .find((key) => key !== undefined);

/** Something of every kind that none of the shapes is. */
function wrongKinds(value: unknown, shapes: readonly Shape[], path: string): readonly Fault[] {
  if (shapes.length === 0) return [];
  const candidates: readonly unknown[] = [true, -17.5, [[[]]], { qqqqqqqqqqqq: { qqqqqqqqqqqq: [] } }];
  return candidates
    .filter((candidate) => !shapes.some((shape) => mayBe(candidate, shape)))
    .map((candidate) => ({
      says: `${path}: ${JSON.stringify(candidate)} instead of ${JSON.stringify(value)}`,
      value: candidate,
    }));
}

function mayBe(candidate: unknown, shape: Shape): boolean {
  switch (shape.kind) {
    case 'boolean':
      return candidate === true;
    case 'number':
      return typeof candidate === 'number' && !shape.whole && shape.least <= candidate;
    case 'one-of':
      return shape.shapes.some((each) => mayBe(candidate, each));
    default:
      return false;
  }
}

const alternatives = (shape: Shape): readonly Shape[] =>
  shape.kind === 'one-of' ? shape.shapes.flatMap(alternatives) : [shape];
const isMap = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
