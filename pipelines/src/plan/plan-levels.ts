// While a run is planned: what each template's stages see, and whether they run at all.
import type { InputBinding, StageDefinition, StageNeed } from '../language/definition.ts';
import { decideStage, type Before, type EarlyDecision } from './decide-stage.ts';
import { contextOf, ofCombination, scopeIn, type Known, type StageContext } from './stage-context.ts';

export interface PlanLevels {
  /** Of a stage: what it may name, and why its template does not run; null: it may. */
  readonly of: (stage: StageDefinition) => {
    readonly context: StageContext;
    readonly obstacle: string | null;
  };
  /** Of a stage with `use`, asked once its needs are planned: whether its template runs, and with which inputs. */
  readonly entryOf: (id: string) => {
    readonly entry: EarlyDecision;
    /** Those that are known are values. */
    readonly inputs: Readonly<Record<string, InputBinding>>;
  };
}

type Entry = ReturnType<PlanLevels['entryOf']>;
type Level = ReturnType<PlanLevels['of']>;

export function planLevels(
  stages: readonly StageDefinition[],
  pipeline: Pick<StageContext, 'inputs' | 'env'>,
  known: Known,
  beforeOf: (needs: readonly StageNeed[]) => Pick<Before, 'isExcluded' | 'canFail'>,
): PlanLevels {
  const users = new Map(
    stages.flatMap((stage) => (stage.work.kind === 'use' ? [[stage.id, stage] as const] : [])),
  );
  const entries = new Map<string, Entry>();
  const levels = new Map<string | undefined, Level>();

  function levelOf(within: string | undefined): Level {
    const made = levels.get(within);
    if (made !== undefined) return made;
    const found = contextOf(pipeline, within === undefined ? {} : { within }, (id) => users.get(id), known);
    // A value that an input cannot have fails the stages when their turn has come, and says why.
    const context = found.ok ? found.value : { inputs: {}, env: {}, within: within ?? null };
    const entry = within === undefined ? null : entryOf(within).entry.decision;
    const obstacle =
      entry === null || entry.included ? null : `${within} does not run: ${entry.reasons.join('; ')}`;
    const level = { context, obstacle };
    levels.set(within, level);
    return level;
  }

  function entryOf(id: string): Entry {
    const made = entries.get(id);
    if (made !== undefined) return made;
    const user = users.get(id);
    if (user?.work.kind !== 'use') throw new Error(`stage "${id}" uses no template`);
    const { context, obstacle } = levelOf(user.within);
    const { needs } = user.work.entry;
    const stage: StageDefinition = { ...user, needs, if: user.work.entry.if };
    const scope = scopeIn(context, ofCombination(known, user.work));
    const entry = decideStage(stage, scope, { ...beforeOf(needs), obstacle });
    const inside = contextOf(pipeline, { within: id }, (each) => users.get(each), known);
    const values = inside.ok ? inside.value.inputs : {};
    const inputs = Object.fromEntries(
      Object.entries(user.work.inputs).map(([name, binding]): [string, InputBinding] => {
        const value = Object.hasOwn(values, name) ? values[name] : undefined;
        return [name, value === undefined ? binding : { kind: 'value', value }];
      }),
    );
    const result = { entry, inputs };
    entries.set(id, result);
    return result;
  }

  return { of: ({ within }) => levelOf(within), entryOf };
}
