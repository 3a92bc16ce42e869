// What the expressions of a stage may name beside its own keys: of one that a template brought, the template's inputs,
// variables and stages, in place of those of the pipeline.
import { envLookup, isFullyKnown } from '../language/expression/env-lookup.ts';
import { renderTemplate } from '../language/expression/render-template.ts';
import type { Scope } from '../language/expression/scope.ts';
import type { EnvValue, InputBinding, StageWork, UseWork } from '../language/definition.ts';
import { memberId } from '../language/templates/expand-uses.ts';
import { err, ok, type Result } from '../result.ts';
import type { InputValue } from '../trigger/trigger.ts';
import { checkInput } from './check-inputs.ts';
import type { Plan } from './plan.ts';

type Env = Readonly<Record<string, EnvValue>>;

/** The names of one level: the pipeline's own, or those of one template. */
export interface StageContext {
  /** One that is not known (yet) is missing. */
  readonly inputs: Readonly<Record<string, InputValue>>;
  /** The layer below the stage's own variables. */
  readonly env: Env;
  /** The stage with `use`; null: the stages stand in the file itself. */
  readonly within: string | null;
}

/** The rest of a scope, at the level of the pipeline. */
export type Known = Omit<Scope, 'env' | 'inputs'>;

interface ContextStage {
  readonly within?: string;
  readonly work: StageWork;
}

/**
 * The level of a stage. `find` gives stages by id. The error is an input that got a value which it cannot have; it
 * names the stage with `use`.
 */
export function contextOf(
  pipeline: Pick<StageContext, 'inputs' | 'env'>,
  { within }: Pick<ContextStage, 'within'>,
  find: (id: string) => ContextStage | undefined,
  known: Known,
): Result<StageContext, string> {
  if (within === undefined) return ok({ inputs: pipeline.inputs, env: pipeline.env, within: null });
  const user = find(within);
  if (user?.work.kind !== 'use') return err(`there is no stage "${within}" that uses a template`);
  const outer = contextOf(pipeline, user, find, known);
  if (!outer.ok) return outer;
  const inputs = fillInputs(user.work.inputs, scopeIn(outer.value, ofCombination(known, user.work)));
  return inputs.ok
    ? ok({ inputs: inputs.value, env: user.work.env, within })
    : err(`stage "${within}": with: ${inputs.error}`);
}

/** What a stage with `use` names itself: `matrix` is its own, never that of a stage of its template. */
export const ofCombination = ({ matrix: _inner, ...known }: Known, { combination }: UseWork): Known =>
  combination === undefined ? known : { ...known, matrix: combination.values };

/** Everything that a template or condition at a level sees; `layers`: the stage's own variables. */
export function scopeIn(
  { inputs, env, within }: StageContext,
  known: Known,
  ...layers: readonly Env[]
): Scope {
  const scope = knownIn({ inputs, env, within }, known);
  return { ...scope, env: envLookup([env, ...layers], scope) };
}

/** The same without variables. */
export function knownIn({ inputs, within }: StageContext, known: Known): Omit<Scope, 'env'> {
  const { stage } = known;
  if (stage === null || within === null) return { ...known, inputs };
  return { ...known, inputs, stage: (id) => stage(memberId(within, id)) };
}

function fillInputs(
  bindings: Readonly<Record<string, InputBinding>>,
  scope: Scope,
): Result<StageContext['inputs'], string> {
  const inputs: Record<string, InputValue> = {};
  for (const [name, binding] of Object.entries(bindings)) {
    if (binding.kind === 'value') {
      inputs[name] = binding.value;
      continue;
    }
    if (!isFullyKnown(binding.text, scope)) continue;
    const text = renderTemplate(binding.text, scope);
    if (!text.ok) return err(`${name}: ${text.error}`);
    const checked = checkInput(name, binding.input, text.value);
    if (!checked.ok) return err(checked.error.message);
    inputs[name] = checked.value;
  }
  return ok(inputs);
}

/** The variables below those of a stage, as they are written: secrets are named there too. */
export function envBelow(
  plan: Pick<Plan, 'env'>,
  { within }: ContextStage,
  find: (id: string) => ContextStage | undefined,
): Env {
  const user = within === undefined ? undefined : find(within);
  return user?.work.kind === 'use' ? user.work.env : plan.env;
}
