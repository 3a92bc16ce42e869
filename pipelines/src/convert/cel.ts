// Conditions in the making: CEL text that knows how tightly it binds, so that joining adds no needless brackets.

export interface Cel {
  readonly text: string;
  /** What holds it together: nothing, `&&`, `||`, or something that always needs brackets. */
  readonly joint: 'atom' | 'and' | 'or' | 'other';
}

export const atom = (text: string): Cel => ({ text, joint: 'atom' });
export const yes = atom('true');
export const no = atom('false');

export function and(...parts: readonly Cel[]): Cel {
  if (parts.some((part) => part.text === 'false')) return no;
  const rest = unique(parts.filter((part) => part.text !== 'true'));
  const [first, second] = rest;
  if (first === undefined) return yes;
  if (second === undefined) return first;
  return {
    text: rest
      .map((part) => (part.joint === 'atom' || part.joint === 'and' ? part.text : `(${part.text})`))
      .join(' && '),
    joint: 'and',
  };
}

export function or(...parts: readonly Cel[]): Cel {
  if (parts.some((part) => part.text === 'true')) return yes;
  const rest = unique(parts.filter((part) => part.text !== 'false'));
  const [first, second] = rest;
  if (first === undefined) return no;
  if (second === undefined) return first;
  return {
    text: rest
      .map((part) => (part.joint === 'other' || part.joint === 'and' ? `(${part.text})` : part.text))
      .join(' || '),
    joint: 'or',
  };
}

export function not(part: Cel): Cel {
  if (part.text === 'true') return no;
  if (part.text === 'false') return yes;
  const comparison = /^([\w.]+) (==|!=) ('(?:[^'\\]|\\.)*'|true|false)$/.exec(part.text);
  if (comparison !== null)
    return atom(`${comparison[1]} ${comparison[2] === '==' ? '!=' : '=='} ${comparison[3]}`);
  return atom(
    part.joint === 'atom' && /^[\w.]+(\([^()]*\))?$/.test(part.text) ? `!${part.text}` : `!(${part.text})`,
  );
}

const unique = (parts: readonly Cel[]): readonly Cel[] => [
  ...new Map(parts.map((part) => [part.text, part])).values(),
];
