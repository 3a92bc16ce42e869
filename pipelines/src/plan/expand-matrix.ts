// From the rules of a matrix to its stages: when the run is planned, or when the stages before have ended.
import { renderKnownParts, renderTemplate } from '../language/expression/render-template.ts';
import type { Scope } from '../language/expression/scope.ts';
import { isTemplate } from '../language/expression/template.ts';
import type { MatrixRules, MatrixValue } from '../language/definition.ts';
import { err, ok, type Result } from '../result.ts';
import { combinationId, combine, knownMatrix, maxCombinations, type NamedCombination } from './combine.ts';
import type { PlannedStage } from './plan.ts';

/** Fills in what is known; a list with nothing left to fill in is read. The error names the list. */
export function renderMatrix(rules: MatrixRules, scope: Scope): Result<MatrixRules, string> {
  return renderLists(rules, (template) => renderKnownParts(template, scope), isTemplate);
}

/** All combinations, in order. The error says what is wrong with which list. */
export function combinationsOf(
  rules: MatrixRules,
  scope: Scope,
): Result<readonly NamedCombination[], string> {
  const rendered = renderLists(
    rules,
    (template) => renderTemplate(template, scope),
    () => false,
  );
  if (!rendered.ok) return rendered;
  const known = knownMatrix(rendered.value);
  if (known === null) return err('matrix: a list is not known');
  const combined = combine(known);
  return combined.ok
    ? combined
    : err(
        `matrix: ${combined.error}, and at most ${maxCombinations} can be run: shorten the lists, or make two stages`,
      );
}

/** The stage that stands for all combinations: it ends when they have. */
export function gatheringStage(stage: PlannedStage, combinations: readonly string[]): PlannedStage {
  const { unexpanded: _expanded, concurrency: _own, combination: _none, ...rest } = stage;
  return {
    ...rest,
    needs: combinations.map((id) => ({ stage: id, optional: false })),
    if: null,
    env: {},
    work: { kind: 'matrix', stages: combinations },
  };
}

/** One stage of a matrix: what all have in common, under its own name, with its values. */
export const combinationStage = <Stage extends { readonly id: string }>(
  each: Stage,
  { name, values }: NamedCombination,
): Stage & { readonly combination: NonNullable<PlannedStage['combination']> } => ({
  ...each,
  id: combinationId(each.id, name),
  combination: { of: each.id, values },
});

function renderLists(
  rules: MatrixRules,
  render: (template: string) => Result<string, string>,
  isOpen: (rendered: string) => boolean,
): Result<MatrixRules, string> {
  const lists: [string, readonly MatrixValue[] | string][] = [];
  for (const [name, list] of Object.entries(rules.lists)) {
    const text = typeof list === 'string' ? render(list) : null;
    if (text === null) lists.push([name, list]);
    else if (!text.ok) return err(`matrix.${name}: ${text.error}`);
    else if (isOpen(text.value)) lists.push([name, text.value]);
    else {
      const values = readList(text.value);
      if (!values.ok) return err(`matrix.${name}: ${values.error}`);
      lists.push([name, values.value]);
    }
  }
  return ok({ ...rules, lists: Object.fromEntries(lists) });
}

/** A JSON list of texts, numbers and booleans; values that are there twice count once. */
function readList(text: string): Result<readonly MatrixValue[], string> {
  const shown = text.length > 60 ? `${text.slice(0, 60)}…` : text;
  const list = parseJson(text);
  if (!Array.isArray(list))
    return err(`a JSON list such as ["a", "b"] is expected, not ${shown || 'nothing'}`);
  const values = new Map<string, MatrixValue>();
  for (const value of list) {
    if (!isMatrixValue(value))
      return err(
        `the list may hold text, numbers, true and false only, not ${JSON.stringify(value).slice(0, 60)}`,
      );
    values.set(String(value), value);
  }
  return ok([...values.values()]);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

const isMatrixValue = (value: unknown): value is MatrixValue =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
