import type { ManualInput } from '@sluice/pipelines/plan/manual-start';
import type { InputValue } from '@sluice/pipelines/trigger/trigger';

/** What stands in the form's fields, by name; empty text: nothing is filled in. */
export type StartValues = Readonly<Record<string, InputValue>>;

/** What a person has typed so far, and the defaults of the rest. */
export const startValues = (inputs: readonly ManualInput[], typed: StartValues): StartValues =>
  Object.fromEntries(inputs.map(({ name, default: value }) => [name, typed[name] ?? value ?? '']));

/**
 * What the form gives to the server. An empty field gives nothing, so that the default counts, or is missed where
 * there is none; but text may be emptied where the pipeline has a default for it.
 */
export function givenInputs(
  inputs: readonly ManualInput[],
  values: StartValues,
): Readonly<Record<string, InputValue>> {
  const given = inputs.map(({ name, type, isRequired }): [string, InputValue][] => {
    const value = values[name] ?? '';
    const isEmptied = type === 'string' && !isRequired;
    return value === '' && !isEmptied ? [] : [[name, value]];
  });
  return Object.fromEntries(given.flat());
}
