import type { ValueType } from './names.ts';

export interface Operator {
  /** What is wrong with operands of these types, or null. */
  readonly check: (types: readonly ValueType[]) => string | null;
  readonly result: (types: readonly ValueType[]) => ValueType;
}

const words: Readonly<Record<ValueType, string>> = {
  text: 'text',
  number: 'a number',
  boolean: 'true or false',
  list: 'a list',
  map: 'a map',
  null: 'null',
  any: 'a value',
};

const booleans = (symbol: string): Operator => ({
  check: (types) => {
    const wrong = types.find((type) => type !== 'boolean' && type !== 'any');
    return wrong === undefined
      ? null
      : `${symbol} joins conditions, and ${words[wrong]} is none. Compare it with something.`;
  },
  result: () => 'boolean',
});

const equality = (symbol: string): Operator => ({
  check: ([left = 'any', right = 'any']) =>
    left === right || [left, right].some((type) => type === 'any' || type === 'null')
      ? null
      : `${symbol} compares ${words[left]} with ${words[right]}, which are never equal.`,
  result: () => 'boolean',
});

const comparison = (symbol: string): Operator => ({
  check: ([left = 'any', right = 'any']) =>
    left === right || left === 'any' || right === 'any'
      ? null
      : `${symbol} cannot compare ${words[left]} with ${words[right]}.`,
  result: () => 'boolean',
});

const arithmetic = (symbol: string, allowed: readonly ValueType[]): Operator => ({
  check: (types) => {
    const [left = 'any', right = left] = types;
    const wrong = types.find((type) => type !== 'any' && !allowed.includes(type));
    if (wrong !== undefined) return `${symbol} cannot be used on ${words[wrong]}.`;
    if (left === right || left === 'any' || right === 'any') return null;
    return `${symbol} cannot join ${words[left]} and ${words[right]}. Turn one into the other with string() or int().`;
  },
  result: ([left = 'any', right = left]) => (left === 'any' ? right : left),
});

/** CEL's operators by the names that its parser gives them. */
export const operators: ReadonlyMap<string, Operator> = new Map([
  ['_&&_', booleans('&&')],
  ['_||_', booleans('||')],
  ['!_', booleans('!')],
  ['_==_', equality('==')],
  ['_!=_', equality('!=')],
  ['_<_', comparison('<')],
  ['_<=_', comparison('<=')],
  ['_>_', comparison('>')],
  ['_>=_', comparison('>=')],
  ['_+_', arithmetic('+', ['number', 'text', 'list'])],
  ['_-_', arithmetic('-', ['number'])],
  ['_*_', arithmetic('*', ['number'])],
  ['_/_', arithmetic('/', ['number'])],
  ['_%_', arithmetic('%', ['number'])],
  ['-_', arithmetic('-', ['number'])],
  ['@in', { check: () => null, result: () => 'boolean' }],
  [
    '_?_:_',
    {
      check: ([condition = 'any']) =>
        condition === 'boolean' || condition === 'any'
          ? null
          : `? needs a condition before it, not ${words[condition]}.`,
      result: ([, yes = 'any', no = 'any']) => (yes === no ? yes : 'any'),
    },
  ],
]);
