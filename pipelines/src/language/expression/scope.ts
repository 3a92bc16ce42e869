// The values behind the names of an expression, as far as they are known yet.
import type { CelInput } from '@bufbuild/cel';
import type { InputValue, Trigger } from '../../trigger/trigger.ts';
import type { Combination } from '../definition.ts';
import type { Reference } from './expression-walk.ts';
import type { Bindings } from './compile-expression.ts';

export interface Scope {
  readonly trigger: Trigger;
  readonly inputs: Readonly<Record<string, InputValue>>;
  /** Text of an environment variable; null: not known (yet). */
  readonly env: (name: string) => string | null;
  /** Of the stage's combination; absent: it has no matrix, or its combinations are not known yet. */
  readonly matrix?: Combination;
  /** Null: not known yet (planning). */
  readonly run: RunIdentity | null;
  /** How a stage ended; null as a whole: not known yet (planning). */
  readonly stage: ((id: string) => StageResult | null) | null;
}

export interface RunIdentity {
  readonly id: string;
  readonly number: number;
}

export interface StageResult {
  readonly status: 'succeeded' | 'failed' | 'cancelled' | 'skipped';
  readonly outputs: Readonly<Record<string, string>>;
}

/** Whether the value behind a name is in the scope. */
export function isKnown(reference: Reference, scope: Scope): boolean {
  const [root, name = ''] = reference.path;
  switch (root) {
    case 'version':
      return false;
    case 'run':
      return scope.run !== null;
    case 'inputs':
      return Object.hasOwn(scope.inputs, name);
    case 'matrix':
      return scope.matrix !== undefined && Object.hasOwn(scope.matrix, name);
    case 'stages':
      return scope.stage !== null;
    case 'env':
      return scope.env(name) !== null;
    default:
      return true;
  }
}

/** Values of the names that are used and known; the others stay unbound. */
export function bindingsFor(references: readonly Reference[], scope: Scope): Bindings {
  const bindings: Record<string, CelInput> = {};
  const env: Record<string, CelInput> = {};
  const stages: Record<string, CelInput> = {};
  for (const reference of references) {
    const [root = '', name = ''] = reference.path;
    if (!isKnown(reference, scope)) continue;
    if (root === 'env') {
      env[name] = scope.env(name);
      bindings['env'] = env;
    } else if (root === 'stages') {
      const result = scope.stage?.(name) ?? null;
      if (result === null) continue;
      stages[name] = { status: result.status, outputs: { ...result.outputs } };
      bindings['stages'] = stages;
    } else {
      bindings[root] = rootValue(root, scope);
    }
  }
  return bindings;
}

function rootValue(root: string, scope: Scope): CelInput {
  const { trigger } = scope;
  switch (root) {
    case 'event':
      return trigger.event;
    case 'branch':
      return 'branch' in trigger ? trigger.branch : '';
    case 'tag':
      return trigger.event === 'tag' ? trigger.tag : '';
    case 'repository':
      return trigger.repository;
    case 'commit': {
      const { sha, message, author } = trigger.commit;
      return { sha, short: sha.slice(0, 7), message, author };
    }
    case 'pull_request':
      return trigger.event === 'pull_request'
        ? { number: BigInt(trigger.number), title: trigger.title, target_branch: trigger.targetBranch }
        : { number: 0n, title: '', target_branch: '' };
    case 'inputs':
      return numbersAsCel(scope.inputs);
    case 'matrix':
      return numbersAsCel(scope.matrix ?? {});
    case 'run':
      return scope.run === null ? {} : { id: scope.run.id, number: BigInt(scope.run.number) };
    default:
      return null;
  }
}

/** Whole numbers are integers of CEL, so that they equal those that are written there. */
function numbersAsCel(values: Readonly<Record<string, InputValue>>): Record<string, CelInput> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name,
      Number.isSafeInteger(value) ? BigInt(value) : value,
    ]),
  );
}
