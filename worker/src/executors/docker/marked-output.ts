// One stream of a container, from the mark that begins a step to the one that ends it:
//
//   … what is not the step's … <mark> begin⏎ … the step's output … <mark> <rest>⏎
//
// Marks may be cut anywhere. A step cannot know its mark, so it cannot print one.

export interface MarkedOutput {
  readonly write: (chunk: Uint8Array) => void;
  readonly begun: Promise<void>;
  /** Resolves with what follows the second mark on its line, when that line has ended. */
  readonly ended: Promise<string>;
  /** Passes on what was held back because it may have been a mark's beginning: no more will come. */
  readonly end: () => void;
}

export function markedOutput(mark: string, pass: (chunk: Uint8Array) => void): MarkedOutput {
  const wanted = Buffer.from(mark);
  const begun = aPromise<void>();
  const ended = aPromise<string>();
  let phase: 'before' | 'begin line' | 'inside' | 'end line' | 'after' = 'before';
  let held: Buffer = Buffer.alloc(0);

  const untilMark = (bytes: Buffer): Buffer | null => {
    const at = bytes.indexOf(wanted);
    const safe = at === -1 ? bytes.length - heldLength(bytes, wanted) : at;
    if (phase === 'inside' && safe > 0) pass(bytes.subarray(0, safe));
    if (at === -1) {
      held = Buffer.from(bytes.subarray(safe));
      return null;
    }
    phase = phase === 'before' ? 'begin line' : 'end line';
    return bytes.subarray(at + wanted.length);
  };
  const untilLineEnd = (bytes: Buffer): Buffer | null => {
    const at = bytes.indexOf(lineFeed);
    if (at === -1) {
      held = Buffer.from(bytes);
      return null;
    }
    if (phase === 'begin line') {
      phase = 'inside';
      begun.resolve();
    } else {
      phase = 'after';
      ended.resolve(bytes.subarray(0, at).toString().trim());
    }
    return bytes.subarray(at + 1);
  };

  return {
    begun: begun.promise,
    ended: ended.promise,
    write: (chunk) => {
      let rest: Buffer | null = held.length === 0 ? asBuffer(chunk) : Buffer.concat([held, chunk]);
      held = Buffer.alloc(0);
      while (rest !== null && phase !== 'after') {
        rest = phase === 'before' || phase === 'inside' ? untilMark(rest) : untilLineEnd(rest);
      }
    },
    end: () => {
      if (phase === 'inside' && held.length > 0) pass(held);
      held = Buffer.alloc(0);
    },
  };
}

const lineFeed = 10;

/** Length of the longest end of `bytes` that is a beginning of `wanted`. */
function heldLength(bytes: Buffer, wanted: Buffer): number {
  for (let length = Math.min(bytes.length, wanted.length - 1); length > 0; length -= 1) {
    if (bytes.subarray(bytes.length - length).equals(wanted.subarray(0, length))) return length;
  }
  return 0;
}

function asBuffer(chunk: Uint8Array): Buffer {
  return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
}

function aPromise<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((settle) => (resolve = settle));
  return { promise, resolve };
}
