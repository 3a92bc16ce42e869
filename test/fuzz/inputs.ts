// What is fed to what: each kind makes an input and says how it is used. A kind answers with what is wrong, and any
// exception is wrong.
import { convertPipeline } from '@sluice/pipelines/convert/convert-pipeline';
import { systems } from '@sluice/pipelines/convert/detect-system';
import { compileExpression } from '@sluice/pipelines/language/expression/compile-expression';
import { describeValues, evaluateCondition } from '@sluice/pipelines/language/expression/evaluate-condition';
import { renderKnownParts, renderTemplate } from '@sluice/pipelines/language/expression/render-template';
import type { Scope } from '@sluice/pipelines/language/expression/scope';
import { splitTemplate } from '@sluice/pipelines/language/expression/template';
import { formatDiagnostic } from '@sluice/pipelines/language/format-diagnostic';
import { parsePipeline } from '@sluice/pipelines/language/parse-pipeline';
import { randomPipeline, randomTemplates } from '@sluice/pipelines/language/random-pipeline.fixture';
import { checkTemplate } from '@sluice/pipelines/language/templates/parse-template';
import { foundTemplates } from '@sluice/pipelines/language/templates/remote-templates.fixture';
import { buildPlan } from '@sluice/pipelines/plan/build-plan';
import { explainPlan } from '@sluice/pipelines/plan/explain-plan';
import { resolveStage } from '@sluice/pipelines/plan/resolve-stage';
import type { Choices } from '@sluice/pipelines/random.fixture';
import { advance, startState } from '@sluice/pipelines/run/advance';
import type { Trigger } from '@sluice/pipelines/trigger/trigger';
import type { Corpus } from './corpus.ts';
import { mutate } from './mutate.ts';
import { randomExpression } from './random-expression.ts';
import { randomTrigger } from './random-trigger.ts';

export interface Input {
  /** Shown where something is wrong with it. */
  readonly text: string;
  readonly use: () => Use;
}

/** What using an input came to, with what there was to do: time is compared with it. */
export interface Use {
  /** Empty: nothing. */
  readonly wrong: readonly string[];
  /** Characters that were read as YAML, a text that is read twice counted twice. */
  readonly read: number;
  /** Stages that were planned, each combination of a matrix counted. */
  readonly planned: number;
}

const used = (wrong: readonly string[], read = 0, planned = 0): Use => ({ wrong, read, planned });

type MakeInput = (choices: Choices, corpus: Corpus) => Input;

export const kinds = {
  /** Examples, docs and generated pipelines, mutated, read and planned. */
  pipeline: (choices, corpus) => {
    const source = choices.chance(0.4) ? randomPipeline(choices) : choices.oneOf(corpus.pipelines);
    const text = mutate(source, choices);
    const trigger = randomTrigger(choices);
    return { text, use: () => usePipeline(text, trigger) };
  },
  /** Templates, mutated, and used. */
  used: (choices, corpus) => {
    const text = mutate(choices.oneOf(corpus.templates), choices);
    const trigger = randomTrigger(choices);
    return { text, use: () => useMutated(text, trigger) };
  },
  expression: (choices) => {
    const text = randomExpression(choices);
    const scope = scopeOf(randomTrigger(choices));
    return { text, use: () => useExpression(text, scope) };
  },
  template: (choices) => {
    const part = (): string =>
      choices.oneOf([
        'text ',
        '${{ branch }}',
        '${{ ',
        ' }}',
        `\${{ ${randomExpression(choices)} }}`,
        '${{ commit.message }}',
      ]);
    const text = Array.from({ length: 1 + choices.below(6) }, part).join('');
    const scope = scopeOf(randomTrigger(choices));
    return { text, use: () => useTemplate(text, scope) };
  },
  /** Right pipelines, and events whose texts strangers wrote. */
  plan: (choices) => {
    const text = randomPipeline(choices);
    const trigger = randomTrigger(choices);
    return {
      text: `${text}\n# ${JSON.stringify(trigger).slice(0, 2_000)}`,
      use: () => usePlan(text, trigger),
    };
  },
  converter: (choices, corpus) => {
    const { system: own, text: source } = choices.oneOf(corpus.foreign);
    const text = mutate(source, choices);
    const system = choices.chance(0.1) ? choices.oneOf(systems) : own;
    return { text, use: () => useConverter(text, system) };
  },
} satisfies Record<string, MakeInput>;

export type InputKind = keyof typeof kinds;

/** Of a hundred inputs. */
export const shares: Readonly<Record<InputKind, number>> = {
  pipeline: 35,
  used: 5,
  expression: 25,
  template: 5,
  plan: 15,
  converter: 15,
};

const templates = foundTemplates(randomTemplates);

function usePipeline(text: string, trigger: Trigger): Use {
  const { definition, diagnostics } = parsePipeline(text, 'fuzz.yml', templates);
  const read = text.length;
  const lineCount = text.split('\n').length;
  for (const each of diagnostics) formatDiagnostic(each);
  if (
    diagnostics.some(
      ({ file, line, column }) => file === 'fuzz.yml' && (line < 1 || line > lineCount || column < 1),
    )
  )
    return used(['a diagnostic points outside of the file'], read);
  const isBroken = diagnostics.some(({ severity }) => severity === 'error');
  if (isBroken !== (definition === null))
    return used(['a definition without, or no definition with, no error'], read);
  if (definition === null) return used([], read);
  const outcome = buildPlan(definition, trigger);
  explainPlan(outcome);
  JSON.stringify(outcome);
  return used([], read, plannedIn(outcome));
}

const user = `on: [push, tag, pull_request]
stages:
  ci: { use: org/templates/mutated.yml@v1, with: { node: '20' }, secrets: [token] }
  many: { matrix: { node: ['20', '22'] }, use: org/templates/mutated.yml@v1, with: { node: '\${{ matrix.node }}' }, secrets: [token] }
`;

const plannedIn = (outcome: ReturnType<typeof buildPlan>): number =>
  outcome.kind === 'filtered' ? 0 : outcome.plan.stages.length;

function useMutated(text: string, trigger: Trigger): Use {
  // Alone, and once more for those who use it.
  const read = 2 * text.length;
  const found = foundTemplates({ ...randomTemplates, 'org/templates/mutated.yml@v1': text });
  const alone = checkTemplate(text, 'fuzz.yml', found);
  const lineCount = text.split('\n').length;
  for (const each of alone) formatDiagnostic(each);
  if (alone.some(({ file, line }) => file === 'fuzz.yml' && (line < 1 || line > lineCount)))
    return used(['a diagnostic points outside of the template'], read);
  const { definition, diagnostics } = parsePipeline(user, 'user.yml', found);
  const isBroken = diagnostics.some(({ severity }) => severity === 'error');
  if (isBroken !== (definition === null))
    return used(['a definition without, or no definition with, no error'], read);
  if (definition === null) return used([], read);
  const outcome = buildPlan(definition, trigger);
  explainPlan(outcome);
  if (outcome.kind === 'filtered') return used([], read);
  const { plan } = outcome;
  const { state } = advance(plan, startState(plan, 0), { kind: 'run-requested', at: 0 });
  for (const { id } of plan.stages) resolveStage(plan, state, id, { id: 'run', number: 1 });
  return used([], read, plan.stages.length);
}

function usePlan(text: string, trigger: Trigger): Use {
  const read = text.length;
  const { definition, diagnostics } = parsePipeline(text, 'fuzz.yml', templates);
  const [problem] = diagnostics.filter(({ severity }) => severity === 'error');
  if (definition === null)
    return used([`a generated pipeline is refused: ${problem?.message ?? 'without a word'}`], read);
  const outcome = buildPlan(definition, trigger);
  explainPlan(outcome);
  const stored = JSON.stringify(outcome);
  if (JSON.stringify(buildPlan(definition, trigger)) !== stored)
    return used(['the same plan twice is not the same'], read);
  if (outcome.kind === 'filtered') return used([], read);
  const { plan } = outcome;
  const { state } = advance(plan, startState(plan, 0), { kind: 'run-requested', at: 0 });
  for (const { id } of plan.stages) resolveStage(plan, state, id, { id: 'run', number: 1 });
  return used([], read, 2 * plan.stages.length);
}

function useExpression(text: string, scope: Scope): Use {
  const compiled = compileExpression(text);
  if (!compiled.ok) return used(compiled.error.length === 0 ? ['refused without a word'] : []);
  evaluateCondition(compiled.value, scope, { success: true, failure: false, cancelled: false });
  describeValues(text, scope);
  return used([]);
}

function useTemplate(text: string, scope: Scope): Use {
  const parts = splitTemplate(text);
  if (
    parts.ok &&
    parts.value.map((part) => (part.kind === 'text' ? part.text : part.source)).join('') !== text
  )
    return used(['a template loses text when it is taken apart']);
  const now = renderTemplate(text, scope);
  const known = renderKnownParts(text, scope);
  const later = known.ok ? renderTemplate(known.value, scope) : known;
  if (now.ok && later.ok && now.value !== later.value)
    return used(['rendered in two goes, a template says something else']);
  return used([]);
}

function useConverter(text: string, system: (typeof systems)[number]): Use {
  const result = convertPipeline(text, 'file.yml', system);
  if (result.kind === 'broken')
    return used(result.diagnostics.length === 0 ? ['broken without a word'] : [], text.length);
  const { diagnostics } = parsePipeline(result.pipeline, '.sluice.yml');
  const [error] = diagnostics.filter(({ severity }) => severity === 'error');
  const wrong = error === undefined ? [] : [`what was converted is refused: ${error.message}`];
  return used(wrong, text.length + result.pipeline.length);
}

function scopeOf(trigger: Trigger): Scope {
  return {
    trigger,
    inputs: { level: 'debug', rounds: 3 },
    env: (name) => (name === 'CI' ? 'true' : null),
    matrix: { node: 20 },
    run: { id: 'run', number: 1 },
    stage: (id) => (id === 'a' ? { status: 'succeeded', outputs: { v: 'x', list: '["a"]' } } : null),
  };
}
