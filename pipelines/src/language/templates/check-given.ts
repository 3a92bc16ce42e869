import { describeInput } from '../../plan/check-inputs.ts';
import type { InputDefinition } from '../definition.ts';
import type { CompiledExpression } from '../expression/compile-expression.ts';
import type { ExpressionProblem } from '../expression/expression-walk.ts';
import type { GivenInput } from '../reading.ts';

/** Whether an expression behind `with` can give what the template asks for, as far as the files alone say. */
export function checkGiven(
  { inputs }: { readonly inputs: Readonly<Record<string, InputDefinition>> },
  { name, input }: GivenInput,
  { references, type, text }: CompiledExpression,
): readonly ExpressionProblem[] {
  const refuse = (why: string): readonly ExpressionProblem[] => [
    {
      code: 'wrong-type',
      message: `The template asks for ${describeInput(input)} as "${name}", and ${why}.`,
      offset: 0,
      length: text.length,
    },
  ];
  if (input.type === 'string' || input.type === 'environment') return [];
  const [only] = references;
  const [root, own = ''] = only?.path ?? [];
  const isAlone = references.length === 1 && root === 'inputs' && only?.length === text.trim().length;
  const given = isAlone && Object.hasOwn(inputs, own) ? inputs[own] : undefined;
  if (given !== undefined) {
    if (given.type !== input.type) return refuse(`inputs.${own} is ${describeInput(given)}`);
    if (given.type !== 'choice' || input.type !== 'choice') return [];
    const other = given.options.find((option) => !input.options.includes(option));
    return other === undefined ? [] : refuse(`inputs.${own} may also be "${other}"`);
  }
  if (type === 'any' || type === 'text') return [];
  return type === input.type ? [] : refuse(`this is a ${type}`);
}
