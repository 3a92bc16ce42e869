import { didYouMean } from '../suggest.ts';
import { constantText, problem, type Expr, type Walk } from './expression-walk.ts';
import { functions, macros, type FunctionDefinition, type ValueType } from './names.ts';
import { regularExpressionProblem } from './regular-expression.ts';

/** Whether a function exists and is called as it is meant to be; gives the type of its result. */
export function checkFunction(
  walk: Walk,
  expr: Expr,
  name: string,
  target: ValueType | null,
  types: readonly ValueType[],
  args: readonly Expr[],
): ValueType {
  const forms = functions.get(name);
  if (forms === undefined) {
    const message = `There is no function ${name}().${didYouMean(name, [...functions.keys(), ...macros])}`;
    problem(walk, expr, 'unknown-function', message, name);
    return 'any';
  }
  const form = forms.find((each) => fits(each, target, types));
  if (form === undefined) {
    problem(walk, expr, 'wrong-type', `${name} is written ${usages(name, forms)}.`, name);
    return forms[0]?.result ?? 'any';
  }
  const pattern = name === 'matches' ? constantText(args[0]) : null;
  const broken = pattern === null ? null : regularExpressionProblem(pattern);
  if (broken !== null) {
    const message = `"${pattern}" is not a regular expression (RE2): ${broken}. ${pattern?.includes('(?!') || pattern?.includes('(?<') || pattern?.includes('(?=') ? "RE2 looks neither ahead nor behind: write two conditions, such as !branch.startsWith('x')." : 'Mend the pattern.'}`;
    problem(walk, args[0] ?? expr, 'bad-regular-expression', message, pattern ?? '');
  }
  return form.result;
}

const fits = (form: FunctionDefinition, target: ValueType | null, types: readonly ValueType[]): boolean =>
  (form.target === null) === (target === null) &&
  matchesType(target ?? 'any', form.target ?? 'any') &&
  form.arguments.length === types.length &&
  form.arguments.every((wanted, index) => matchesType(types[index] ?? 'any', wanted));

const matchesType = (given: ValueType, wanted: ValueType): boolean =>
  given === 'any' || wanted === 'any' || given === wanted;

const usages = (name: string, forms: readonly FunctionDefinition[]): string =>
  name === 'hash'
    ? "hash('package-lock.json'), with at most five patterns"
    : forms.map((each) => usage(name, each)).join(' or ') + example(name, forms);

/** Functions that ask something of a text stand behind it. */
const example = (name: string, forms: readonly FunctionDefinition[]): string =>
  forms.some(({ target, arguments: args }) => target === 'text' && args.length === 1)
    ? `, such as branch.${name}('release')`
    : '';

function usage(name: string, form: FunctionDefinition): string {
  const target = form.target === null ? '' : `${form.target === 'any' ? 'value' : form.target}.`;
  const args = form.arguments.map((type) => (type === 'any' ? 'value' : type));
  return `${target}${name}(${args.join(', ')})`;
}
