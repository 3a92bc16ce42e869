import type { Shape } from './key.ts';

/** What may stand there, in words: `true or false`, `a list of commands`. */
export function describeShape(shape: Shape): string {
  switch (shape.kind) {
    case 'nothing':
      return 'nothing';
    case 'boolean':
      return 'true or false';
    case 'number':
      return describeNumber(shape.whole ? 'a whole number' : 'a number', shape.least, shape.most);
    case 'choice':
      return shape.choices.join(', ').replace(/, ([^,]*)$/, ' or $1');
    case 'text':
    case 'map':
      return shape.kind === 'map' && shape.others !== null ? `a map of ${shape.called}` : shape.called;
    case 'list':
      return `a list (${describeShape(shape.of)})`;
    case 'one-of':
      return describeAlternatives(shape.shapes);
  }
}

function describeNumber(what: string, least: number, most: number): string {
  if (least === most) return String(least);
  const isOpen = most >= Number.MAX_SAFE_INTEGER;
  if (isOpen) return least <= -most ? what : `${what} of at least ${least}`;
  return `${what} from ${least} to ${most}`;
}

/** A value and a list of such values are named once. */
function describeAlternatives(shapes: readonly Shape[]): string {
  const words: string[] = [];
  for (const shape of shapes) {
    const isListOfOther = shape.kind === 'list' && shapes.includes(shape.of);
    words.push(isListOfOther ? 'a list of such' : describeShape(shape));
  }
  return [...new Set(words)].join(', or ');
}
