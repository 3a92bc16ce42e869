import { entriesOf, nodeAt } from '../find-node.ts';
import { isFull, report } from '../reading.ts';
import type { SourceNode } from '../source-node.ts';
import type { ReadFile } from './read-file.ts';

/** An image whose name means another one tomorrow makes a run that cannot be repeated. */
export function warnOfFloatingImages({ reading, root, places }: ReadFile): void {
  const images = [nodeAt(root, 'defaults', 'image'), ...[...places.values()].flatMap(imagesOf)];
  for (const node of images) {
    if (node?.kind !== 'scalar' || typeof node.value !== 'string' || isFull(reading, 'warning')) continue;
    const floats = floatingTag(node.value);
    if (floats === null) continue;
    const message = `The image ${node.value} ${floats}, so that it may be another one tomorrow. Name a version, such as ${exampleOf(node.value)}.`;
    report(reading, node, 'floating-image', message, 'warning');
  }
}

function imagesOf(stage: SourceNode): readonly (SourceNode | undefined)[] {
  const services = entriesOf(nodeAt(stage, 'services')).map(({ value }) =>
    value.kind === 'map' ? nodeAt(value, 'image') : value,
  );
  return [nodeAt(stage, 'image'), ...services];
}

function floatingTag(image: string): string | null {
  if (image.includes('${{') || image.includes('@')) return null;
  const [, tag] = /:([^/:]+)$/.exec(image) ?? [];
  if (tag === undefined) return 'has no tag';
  return tag === 'latest' ? 'has the tag latest' : null;
}

const exampleOf = (image: string): string => `${image.replace(/:latest$/, '')}:1.2`;
