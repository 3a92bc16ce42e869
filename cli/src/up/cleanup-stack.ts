/** What was started is ended in the opposite order, each part even when another one's end failed. */
export class CleanupStack implements AsyncDisposable {
  readonly #ends: (() => Promise<void>)[] = [];

  defer(end: () => Promise<void>): void {
    this.#ends.push(end);
  }

  /** Throws an AggregateError after everything has been tried. */
  async [Symbol.asyncDispose](): Promise<void> {
    const errors: unknown[] = [];
    for (let end = this.#ends.pop(); end !== undefined; end = this.#ends.pop()) {
      await end().catch((error: unknown) => errors.push(error));
    }
    if (errors.length > 0)
      throw new AggregateError(errors, `not everything could be stopped: ${errors.map(String).join('; ')}`);
  }
}
