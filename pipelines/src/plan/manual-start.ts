import type { InputDefinition, ManualRules } from '../language/definition.ts';
import type { Diagnostic } from '../language/diagnostic.ts';
import type { ParsedFile } from '../language/parse-pipelines.ts';

/** What a person can do by hand with one pipeline. */
export type ManualStart = {
  readonly file: string;
  /** Its name, or its file where it could not be read. */
  readonly pipeline: string;
} & (
  | { readonly kind: 'startable'; readonly inputs: readonly ManualInput[] }
  /** Its file says nothing of `on.manual`. */
  | { readonly kind: 'not-by-hand' }
  | { readonly kind: 'broken'; readonly diagnostics: readonly Diagnostic[] }
);

export type ManualInput = InputDefinition & {
  readonly name: string;
  /** It has no default, so nothing starts without it. */
  readonly isRequired: boolean;
};

/** Inputs are in the order of the file. */
export function manualStartOf({ file, definition, diagnostics }: ParsedFile): ManualStart {
  if (definition === null) return { kind: 'broken', file, pipeline: file, diagnostics };
  const { name: pipeline, on } = definition;
  if (on.manual === null) return { kind: 'not-by-hand', file, pipeline };
  return { kind: 'startable', file, pipeline, inputs: inputsOf(on.manual) };
}

const inputsOf = ({ inputs }: ManualRules): readonly ManualInput[] =>
  Object.entries(inputs).map(([name, definition]) => ({
    name,
    ...definition,
    isRequired: definition.default === null,
  }));

/** The rules that `checkInputs` asks, from what was sent. */
export const rulesOf = (inputs: readonly ManualInput[]): ManualRules => ({
  inputs: Object.fromEntries(inputs.map((input) => [input.name, input])),
});
