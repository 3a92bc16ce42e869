// Every expression of a file against the names that it may use where it stands.
import { combinationId, combine, knownMatrix } from '../plan/combine.ts';
import { sortStages } from '../plan/sort-stages.ts';
import type { InputDefinition, StageDefinition } from './definition.ts';
import { checkReferences, type NamesInFile } from './check-references.ts';
import type { ExpressionProblem } from './expression/expression-walk.ts';
import { compileExpression } from './expression/compile-expression.ts';
import { splitTemplate } from './expression/template.ts';
import { isFull, report, suggestion, type ExpressionUse, type Reading } from './reading.ts';
import type { Span } from './source-file.ts';
import { needsAnswers } from './stage-graph.ts';
import { UsedOutputs } from './used-outputs.ts';

export interface CheckedFile {
  readonly inputs: Readonly<Record<string, InputDefinition>>;
  readonly stages: readonly StageDefinition[];
}

/** Gives the outputs that they read. `inputsAt`: where the file has its inputs. */
export function checkExpressions(reading: Reading, file: CheckedFile, inputsAt: string): UsedOutputs {
  const names: Names = { ...namesInFile(reading, file), inputsAt, used: new UsedOutputs() };
  for (const use of reading.uses) {
    if (isFull(reading)) break;
    const isCondition = use.place === 'stage-condition' || use.place === 'step-condition';
    if (isCondition)
      checkOne(reading, names, use, { text: use.text, source: use.text, inset: 0, before: '' });
    else checkTemplate(reading, names, use);
  }
  return names.used;
}

interface Names extends NamesInFile {
  readonly used: UsedOutputs;
}

function namesInFile(reading: Reading, { inputs, stages }: CheckedFile): Omit<NamesInFile, 'inputsAt'> {
  return {
    inputs,
    stages: new Map(stages.map((stage): [string, StageDefinition] => [stage.id, stage])),
    needs: needsAnswers(sortStages(stages)),
    combinations: combinationsOf(stages),
    suggest: (word, candidates) => suggestion(reading, word, candidates),
  };
}

function combinationsOf(stages: readonly StageDefinition[]): ReadonlyMap<string, string> {
  return new Map(
    stages.flatMap(({ id, matrix }) => {
      const known = matrix === null ? null : knownMatrix(matrix);
      const combined = known === null ? null : combine(known);
      return combined?.ok === true
        ? combined.value.map(({ name }): [string, string] => [combinationId(id, name), id])
        : [];
    }),
  );
}

function checkTemplate(reading: Reading, names: Names, use: ExpressionUse): void {
  const parts = splitTemplate(use.text);
  if (!parts.ok) {
    const at = place(reading, use, '${{', use.text.slice(0, parts.error.offset)) ?? use.node;
    report(
      reading,
      { ...at, end: at.start + 3 },
      'unclosed-expression',
      'An expression is opened by ${{ and never closed. Write }} behind it.',
    );
    return;
  }
  for (const part of parts.value) {
    if (part.kind === 'text' || isFull(reading)) continue;
    checkOne(reading, names, use, { ...part, before: use.text.slice(0, part.offset) });
  }
}

interface WrittenExpression {
  readonly text: string;
  /** With the braces, as it stands in the file. */
  readonly source: string;
  readonly inset: number;
  /** The text of the value before `source`: tells which of several equal ones it is. */
  readonly before: string;
}

function checkOne(reading: Reading, names: Names, use: ExpressionUse, written: WrittenExpression): void {
  const compiled = compileExpression(written.text);
  if (compiled.ok) for (const each of compiled.value.references) names.used.note(each, names.combinations);
  const problems = compiled.ok ? checkReferences(names, use, compiled.value) : compiled.error;
  if (problems.length === 0) return;
  const at = place(reading, use, written.source, written.before);
  for (const problem of problems)
    report(reading, spanOf(problem, at, written, use), problem.code, problem.message);
}

function spanOf(
  problem: ExpressionProblem,
  at: Span | null,
  written: WrittenExpression,
  use: ExpressionUse,
): Span {
  if (at === null) return use.node;
  const start = at.start + written.inset + problem.offset;
  return { start, end: start + problem.length };
}

/**
 * Where a piece of a value stands in the file: the piece of the source that reads the same, counted from the
 * value's beginning. Null where escapes or folded lines write it otherwise.
 */
function place(reading: Reading, { node }: ExpressionUse, piece: string, before: string): Span | null {
  const earlier = before.split(piece).length - 1;
  let at = node.start - 1;
  for (let count = 0; count <= earlier; count += 1) {
    at = reading.source.text.indexOf(piece, at + 1);
    if (at === -1 || at >= node.end) return null;
  }
  return { start: at, end: at + piece.length };
}
