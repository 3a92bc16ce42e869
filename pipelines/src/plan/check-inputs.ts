import type { InputDefinition, ManualRules } from '../language/definition.ts';
import { didYouMean } from '../language/suggest.ts';
import { err, ok, unreachable, type Result } from '../result.ts';
import type { InputValue } from '../trigger/trigger.ts';

type Inputs = Readonly<Record<string, InputValue>>;

/** What is wrong with one input; the message names its type and what it may be. */
export interface InputProblem {
  readonly input: string;
  readonly reason: 'unknown' | 'missing' | 'wrong';
  readonly message: string;
}

/**
 * Checks what a person gave a manual start against the file's `on.manual.inputs`, and fills in the defaults.
 * Text is taken for a number or a boolean where it spells one, so that a command line can give any input.
 * The error lists every problem.
 */
export function checkInputs(rules: ManualRules, given: Inputs): Result<Inputs, readonly InputProblem[]> {
  const problems: InputProblem[] = [];
  const names = Object.keys(rules.inputs);
  for (const name of Object.keys(given)) {
    if (Object.hasOwn(rules.inputs, name)) continue;
    const message = `there is no input "${name}".${didYouMean(name, names)}`;
    problems.push({ input: name, reason: 'unknown', message });
  }
  const values: [string, InputValue][] = [];
  for (const [name, definition] of Object.entries(rules.inputs)) {
    const value = Object.hasOwn(given, name) ? given[name] : undefined;
    const checked = checkInput(name, definition, value);
    if (checked.ok) values.push([name, checked.value]);
    else problems.push(checked.error);
  }
  return problems.length === 0 ? ok(Object.fromEntries(values)) : err(problems);
}

/** The defaults alone, for events that a person did not start. Inputs without one are left out. */
export function defaultInputs(rules: ManualRules | null): Inputs {
  const inputs = Object.entries(rules?.inputs ?? {});
  return Object.fromEntries(
    inputs.flatMap(([name, { default: value }]) => (value === null ? [] : [[name, value]])),
  );
}

/** The error says what it must be. */
export function checkInput(
  name: string,
  definition: InputDefinition,
  given: InputValue | undefined,
): Result<InputValue, InputProblem> {
  if (given === undefined) {
    if (definition.default !== null) return ok(definition.default);
    const message = `input "${name}" (${describeInput(definition)}) is missing and has no default`;
    return err({ input: name, reason: 'missing', message });
  }
  const value = convert(definition, given);
  if (value !== null) return ok(value);
  const message = `input "${name}" must be ${describeInput(definition)}, not ${JSON.stringify(given)}`;
  return err({ input: name, reason: 'wrong', message });
}

function convert(definition: InputDefinition, given: InputValue): InputValue | null {
  switch (definition.type) {
    case 'string':
      return typeof given === 'string' ? given : null;
    case 'environment':
      return typeof given === 'string' && isEnvironmentName(given) ? given : null;
    case 'number': {
      const number = typeof given === 'string' && given.trim() !== '' ? Number(given) : given;
      return typeof number === 'number' && Number.isFinite(number) ? number : null;
    }
    case 'boolean':
      if (given === 'true' || given === true) return true;
      return given === 'false' || given === false ? false : null;
    case 'choice':
      return typeof given === 'string' && definition.options.includes(given) ? given : null;
    default:
      return unreachable(definition);
  }
}

/** Which ones there are is not the pipeline's to know: a deploy stage says when there is none of this name. */
const isEnvironmentName = (name: string): boolean => /^[a-z0-9]([a-z0-9-]{0,48}[a-z0-9])?$/.test(name);

/** What may be filled in: `a number`, `one of debug, info`. */
export function describeInput(definition: InputDefinition): string {
  switch (definition.type) {
    case 'string':
      return 'text';
    case 'environment':
      return 'the name of an environment';
    case 'number':
      return 'a number';
    case 'boolean':
      return 'true or false';
    case 'choice':
      return `one of ${definition.options.join(', ')}`;
    default:
      return unreachable(definition);
  }
}
