import type { Reference } from './expression/expression-walk.ts';

/** Which outputs the expressions of a file read. */
export class UsedOutputs {
  readonly #byStage = new Map<string, Set<string>>();
  readonly #whole = new Set<string>();
  #all = false;

  /** `ids` leads from the id of one combination to its stage. */
  note({ path: [root, id, member, output] }: Reference, ids: ReadonlyMap<string, string>): void {
    if (root !== 'stages' || member === 'status') return;
    if (id === undefined) {
      this.#all = true;
      return;
    }
    const stage = ids.get(id) ?? id;
    if (output === undefined) this.#whole.add(stage);
    else this.#byStage.set(stage, (this.#byStage.get(stage) ?? new Set()).add(output));
  }

  has(stage: string, output: string): boolean {
    return this.#all || this.#whole.has(stage) || this.#byStage.get(stage)?.has(output) === true;
  }
}
