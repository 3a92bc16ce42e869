/** One stream of a container: passes bytes on until the mark, which may be cut anywhere, and says what follows it. */
export interface OutputUntilMark {
  readonly write: (chunk: Uint8Array) => void;
  /** Resolves with the rest of the mark's line, when that line has ended. */
  readonly marked: Promise<string>;
  /** Passes on what was held back because it may have been a mark's beginning: no more will come. */
  readonly end: () => void;
}

export function outputUntilMark(mark: string, pass: (chunk: Uint8Array) => void): OutputUntilMark {
  const wanted = Buffer.from(mark);
  let held: Buffer = Buffer.alloc(0);
  let line: Buffer | null = null;
  let resolve: (rest: string) => void = () => undefined;
  const marked = new Promise<string>((settle) => (resolve = settle));

  const readLine = (bytes: Buffer): void => {
    line = Buffer.concat([line ?? Buffer.alloc(0), bytes]);
    const end = line.indexOf(lineFeed);
    if (end !== -1) resolve(line.subarray(0, end).toString().trim());
  };
  const passUpTo = (bytes: Buffer, end: number): void => {
    if (end > 0) pass(bytes.subarray(0, end));
  };
  return {
    marked,
    write: (chunk) => {
      const bytes = held.length === 0 ? asBuffer(chunk) : Buffer.concat([held, chunk]);
      if (line !== null) return readLine(bytes);
      const at = bytes.indexOf(wanted);
      const safe = at === -1 ? bytes.length - heldLength(bytes, wanted) : at;
      passUpTo(bytes, safe);
      if (at === -1) held = Buffer.from(bytes.subarray(safe));
      else {
        held = Buffer.alloc(0);
        readLine(bytes.subarray(at + wanted.length));
      }
    },
    end: () => {
      passUpTo(held, held.length);
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
