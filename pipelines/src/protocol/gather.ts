/**
 * Lets calls share a round trip without making any of them wait for company: a call goes at once while there is room,
 * and whatever comes while `atOnce` batches are under way goes together in the next one.
 *
 * `send` answers every entry, in order. When it rejects, so does each call of that batch and no other.
 */
export function gather<Entry, Answer>(
  send: (entries: readonly Entry[]) => Promise<readonly Answer[]>,
  options: GatherOptions,
): (entry: Entry) => Promise<Answer> {
  const waiting: Waiting<Entry, Answer>[] = [];
  let underWay = 0;
  let isDue = false;

  function sendWaiting(): void {
    isDue = false;
    while (waiting.length > 0 && underWay < options.atOnce) {
      underWay += 1;
      void carry(send, waiting.splice(0, options.most)).then(() => {
        underWay -= 1;
        if (!isDue) options.soon(sendWaiting);
        isDue = true;
      });
    }
  }

  return (entry) =>
    new Promise<Answer>((resolve, reject) => {
      waiting.push({ entry, resolve, reject });
      if (isDue || underWay >= options.atOnce) return;
      isDue = true;
      options.soon(sendWaiting);
    });
}

export interface GatherOptions {
  /** Entries of a batch. */
  readonly most: number;
  /** Batches under way at the same time. */
  readonly atOnce: number;
  /** Calls back when what is under way in this turn has been done, so that its calls go together: `setImmediate`. */
  readonly soon: (send: () => void) => void;
}

interface Waiting<Entry, Answer> {
  readonly entry: Entry;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/** Never rejects: every caller hears its own end. */
async function carry<Entry, Answer>(
  send: (entries: readonly Entry[]) => Promise<readonly Answer[]>,
  batch: readonly Waiting<Entry, Answer>[],
): Promise<void> {
  try {
    const answers = await send(batch.map(({ entry }) => entry));
    if (answers.length !== batch.length)
      throw new Error(`${batch.length} entries were sent together and ${answers.length} answers came`);
    for (const [index, answer] of answers.entries()) batch[index]?.resolve(answer);
  } catch (error) {
    for (const { reject } of batch) reject(error);
  }
}
