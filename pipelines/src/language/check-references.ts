import type { InputDefinition, StageDefinition } from './definition.ts';
import { impossibleComparison } from './expression/check-name.ts';
import type { CompiledExpression } from './expression/compile-expression.ts';
import type { ExpressionProblem, Reference } from './expression/expression-walk.ts';
import { fixedNames, stageStatuses } from './expression/names.ts';
import { checkGiven } from './templates/check-given.ts';
import { isUnread } from './templates/unread.ts';
import { valuesBehind } from './values-behind.ts';
import { matrixNames, matrixValues } from './read-matrix.ts';
import type { ExpressionUse } from './reading.ts';
import type { NeedsStage } from './stage-graph.ts';

export interface NamesInFile {
  readonly inputs: Readonly<Record<string, InputDefinition>>;
  /** Where they stand in the file. */
  readonly inputsAt: string;
  readonly stages: ReadonlyMap<string, StageDefinition>;
  readonly needs: NeedsStage;
  /** Id of one combination → id of its stage. */
  readonly combinations: ReadonlyMap<string, string>;
  /** ` Did you mean "build"?`, or nothing. */
  readonly suggest: (word: string, candidates: Iterable<string>) => string;
}

/** What is wrong with an expression at its place in the file. */
export function checkReferences(
  names: NamesInFile,
  use: ExpressionUse,
  expression: CompiledExpression,
): readonly ExpressionProblem[] {
  const problems: ExpressionProblem[] = [];
  const isCondition = use.place === 'stage-condition' || use.place === 'step-condition';
  if (expression.usesStatus && !isCondition) {
    const message =
      'success(), failure(), always() and cancelled() belong into if:. Put the condition there.';
    problems.push({ code: 'status-outside-if', message, offset: 0, length: expression.text.length });
  }
  if (expression.usesHash && use.place !== 'cache-key') {
    const message =
      'hash() is known when the repository is checked out, so it belongs into the key of a cache.';
    problems.push({ code: 'name-not-here', message, offset: 0, length: expression.text.length });
  } else if (expression.usesHash && expression.hashGlobs === null) {
    const message =
      "hash() stands alone in its braces, with its patterns written out: npm-${{ branch }}-${{ hash('package-lock.json') }}.";
    problems.push({ code: 'hash-not-alone', message, offset: 0, length: expression.text.length });
  }
  if (isCondition && expression.type !== 'boolean' && expression.type !== 'any') {
    const message = "A condition gives true or false. Compare this with something, such as branch == 'main'.";
    problems.push({ code: 'wrong-type', message, offset: 0, length: expression.text.length });
  }
  if (use.given !== undefined) problems.push(...checkGiven(names, use.given, expression));
  for (const reference of expression.references) {
    const found = checkReference(names, use, reference) ?? checkStrangers(use, reference);
    if (found !== null) problems.push(found);
  }
  return problems;
}

function checkReference(
  names: NamesInFile,
  use: ExpressionUse,
  reference: Reference,
): ExpressionProblem | null {
  const [root, name] = reference.path;
  if (use.place === 'metric' || root === 'version') return checkVersion(use, reference);
  switch (root) {
    case 'run':
      return checkRun(use, reference);
    case 'inputs':
      return name !== undefined && reference.path.length === 2 && Object.hasOwn(names.inputs, name)
        ? checkInput(names, reference, name)
        : unknown(
            names,
            reference,
            'input',
            name,
            Object.keys(names.inputs),
            `Inputs stand under ${names.inputsAt}.`,
          );
    case 'env':
      return checkEnv(names, use, reference, name);
    case 'matrix':
      return checkMatrix(names, use, reference, name);
    case 'stages':
      return checkStage(names, use, reference);
    default:
      return null;
  }
}

function checkRun(use: ExpressionUse, reference: Reference): ExpressionProblem | null {
  if (use.place === 'stage-condition') {
    const message =
      'A run does not decide by its own number or id which stages it has. Use event, branch or inputs.';
    return problem(reference, 'name-not-here', message);
  }
  if (use.place !== 'group') return null;
  const message = 'A group that no other run can name holds nothing back. Use branch, event or inputs.';
  return problem(reference, 'name-not-here', message);
}

function checkVersion(use: ExpressionUse, reference: Reference): ExpressionProblem | null {
  const isVersion = reference.path[0] === 'version';
  if (use.place === 'metric') {
    return isVersion ? null : problem(reference, 'name-not-here', 'A metric may only name ${{ version }}.');
  }
  return problem(
    reference,
    'name-not-here',
    'version is known in the metrics of a deployment only. Use commit.short here.',
  );
}

function checkInput(names: NamesInFile, reference: Reference, name: string): ExpressionProblem | null {
  const input = names.inputs[name];
  const { comparedWith } = reference;
  if (input?.type !== 'choice' || comparedWith === null || input.options.includes(comparedWith.text))
    return null;
  return impossibleComparison(`inputs.${name}`, comparedWith, input.options);
}

function checkEnv(
  names: NamesInFile,
  use: ExpressionUse,
  reference: Reference,
  name: string | undefined,
): ExpressionProblem | null {
  if (use.place === 'pipeline-env') {
    return problem(
      reference,
      'name-not-here',
      'Variables of the pipeline cannot name each other. Write the value out.',
    );
  }
  const layer = use.env.findLast((each) => name !== undefined && Object.hasOwn(each, name));
  if (layer === undefined || name === undefined || reference.path.length !== 2) {
    const known = use.env.flatMap((each) => Object.keys(each));
    return unknown(
      names,
      reference,
      'variable',
      name,
      known,
      'Variables stand under env, of the pipeline or this stage.',
    );
  }
  if (layer[name]?.kind !== 'secret') return null;
  return problem(
    reference,
    'secret-in-expression',
    `${name} is a secret, and expressions never see one. Use "$${name}" in the command itself.`,
  );
}

function checkMatrix(
  names: NamesInFile,
  use: ExpressionUse,
  reference: Reference,
  name: string | undefined,
): ExpressionProblem | null {
  if (use.stage === null || use.place === 'matrix') {
    const message =
      'matrix is known inside of a stage that has one. Move this there, or write the value out.';
    return problem(reference, 'name-not-here', message);
  }
  const matrix = names.stages.get(use.stage)?.matrix ?? null;
  if (matrix === null) {
    const message = `Stage "${use.stage}" has no matrix. Add one, such as matrix: { ${name ?? 'node'}: [20, 22] }.`;
    return problem(reference, 'name-not-here', message);
  }
  const known = matrixNames(matrix);
  if (name === undefined || reference.path.length !== 2 || !known.includes(name))
    return unknown(
      names,
      reference,
      'matrix list',
      name,
      known,
      `Stage "${use.stage}" has ${known.join(', ')}.`,
    );
  const { comparedWith } = reference;
  const values = comparedWith === null ? null : matrixValues(matrix, name);
  if (comparedWith === null || values === null || values.includes(comparedWith.text)) return null;
  const shown = values.map((value) => (value === '' ? "''" : String(value)));
  const found = impossibleComparison(`matrix.${name}`, comparedWith, shown);
  if (!values.some((value) => String(value) === comparedWith.text)) return found;
  const message = `matrix.${name} has the ${typeof values.find((each) => String(each) === comparedWith.text)} ${comparedWith.text}, never the text "${comparedWith.text}". Compare it without quotes.`;
  return { ...found, message };
}

function checkStage(names: NamesInFile, use: ExpressionUse, reference: Reference): ExpressionProblem | null {
  const [, id, member, output] = reference.path;
  if (use.place === 'group') {
    const message =
      'A concurrency group is known before any stage has ended. Use branch, event, inputs or env.';
    return problem(reference, 'name-not-here', message);
  }
  if (use.place === 'matrix' && names.stages.get(use.stage ?? '')?.work.kind === 'use') {
    const message =
      'Which stages of a template a run has is known before any stage has ended. Write the list out, or take it from inputs or event.';
    return problem(reference, 'name-not-here', message);
  }
  if (use.stage === null && use.place !== 'template-output') {
    return problem(
      reference,
      'name-not-here',
      'Variables of the pipeline are known before any stage. Move this one to the stage that needs it.',
    );
  }
  if (id === undefined)
    return problem(reference, 'unknown-name', 'Name the stage: stages.build.outputs.version.');
  const stageId = names.combinations.get(id) ?? id;
  const stage = names.stages.get(stageId);
  if (stage === undefined) {
    const dashed = [...names.stages.keys()].find((each) => each.includes('-') && each.startsWith(`${id}-`));
    const help =
      dashed === undefined
        ? names.suggest(id, [...names.stages.keys(), ...names.combinations.keys()])
        : ` A name with a dash is written stages['${dashed}'].`;
    return problem(reference, 'unknown-stage', `There is no stage "${id}".${help}`);
  }
  if (use.stage !== null && !names.needs(use.stage, stageId)) {
    const message =
      stageId === use.stage
        ? 'A stage does not know its own results. Write a file in one step and read it in the next.'
        : `stage "${use.stage}" uses results of "${id}", and nothing makes sure that it has ended before. Add ${stageId === id ? 'it' : `"${stageId}"`} to needs.`;
    return problem(reference, 'missing-need', message);
  }
  if (member === 'status' && reference.path.length === 3) return checkStatus(reference, id);
  if (member !== 'outputs' || reference.path.length > 4) {
    return problem(
      reference,
      'unknown-name',
      `A stage has status and outputs: stages.${id}.status, stages.${id}.outputs.NAME.`,
    );
  }
  if (output === undefined) return null;
  if (stage.work.kind !== 'steps' && stage.work.kind !== 'use') return null;
  if (stage.work.kind === 'use' && isUnread(stage.work)) return null;
  if (Object.hasOwn(stage.work.outputs, output)) return null;
  return unknown(
    names,
    reference,
    'output',
    output,
    Object.keys(stage.work.outputs),
    stage.work.kind === 'use'
      ? `Outputs of stage "${id}" stand under outputs of ${stage.work.template.use}.`
      : `Outputs of stage "${id}" stand under its outputs.`,
  );
}

function checkStatus(reference: Reference, id: string): ExpressionProblem | null {
  const { comparedWith } = reference;
  if (comparedWith === null || stageStatuses.some((each) => each === comparedWith.text)) return null;
  return impossibleComparison(`stages.${id}.status`, comparedWith, stageStatuses);
}

/** What a stranger can write would be executed if it were pasted into a command. */
function checkStrangers(use: ExpressionUse, reference: Reference): ExpressionProblem | null {
  const pastedBy = use.given?.pastedBy ?? null;
  if (use.place !== 'command' && pastedBy === null) return null;
  const written = reference.path.join('.');
  const [root, name = ''] = reference.path;
  const isStrangers = valuesBehind(use.env, reference).some(
    ({ path }) => fixedNames.get(path.join('.'))?.strangerWritten === true,
  );
  if (!isStrangers) return null;
  if (pastedBy !== null) {
    const message = `Anyone who opens a pull request can write ${written}, and ${pastedBy} has the input "${use.given?.name}" in a command, where the shell would execute it. Have the template pass it through env: { NAME: '\${{ inputs.${use.given?.name} }}' } and use "$NAME".`;
    return problem(reference, 'stranger-text-in-command', message);
  }
  if (root === 'env') {
    const message = `env.${name} holds text that anyone who opens a pull request can write, and here the shell would execute it. Use "$${name}" instead.`;
    return problem(reference, 'stranger-text-in-command', message);
  }
  const variable = written.toUpperCase().replaceAll('.', '_');
  const message = `Anyone who opens a pull request can write ${written}, and here the shell would execute it. Pass it through env: { ${variable}: '\${{ ${written} }}' } and use "$${variable}".`;
  return problem(reference, 'stranger-text-in-command', message);
}

function unknown(
  names: NamesInFile,
  reference: Reference,
  what: string,
  name: string | undefined,
  known: readonly string[],
  help: string,
): ExpressionProblem {
  const named =
    name === undefined
      ? `Name one ${what} after the dot.`
      : `There is no ${what} "${name}".${names.suggest(name, known)}`;
  return problem(reference, 'unknown-name', `${named} ${help}`);
}

const problem = ({ offset, length }: Reference, code: string, message: string): ExpressionProblem => ({
  code,
  message,
  offset,
  length,
});
