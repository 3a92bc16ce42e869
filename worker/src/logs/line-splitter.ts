// Bytes → lines of text. Chunks may end anywhere, also inside a character.

/** Bytes of a line, without its end; a longer one is cut and marked. */
export const longestLine = 64 * 1024;
export const cutMark = ' [line goes on]';

export interface LineSplitter {
  readonly write: (chunk: Buffer) => void;
  /** Passes on what has no line end, and starts afresh. */
  readonly end: () => void;
}

/**
 * Lines end with LF or CR LF. What is not UTF-8 becomes U+FFFD, and so does NUL, which a database's text refuses.
 * The lines do not depend on where chunks end. Holds at most one line in memory.
 */
export function createLineSplitter(onLine: (line: string) => void): LineSplitter {
  let held: Buffer = Buffer.alloc(0);

  const passLine = (bytes: Buffer): void => {
    const rest = passPieces(bytes);
    onLine(decode(rest.at(-1) === carriageReturn ? rest.subarray(0, -1) : rest));
  };
  const passPieces = (bytes: Buffer): Buffer => {
    let rest = bytes;
    while (rest.length > longestLine) {
      const cut = characterBorder(rest, longestLine);
      onLine(decode(rest.subarray(0, cut)) + cutMark);
      rest = rest.subarray(cut);
    }
    return rest;
  };

  return {
    write: (chunk) => {
      let at = 0;
      for (let end = chunk.indexOf(lineFeed); end !== -1; end = chunk.indexOf(lineFeed, at)) {
        const line = chunk.subarray(at, end);
        passLine(held.length === 0 ? line : Buffer.concat([held, line]));
        held = Buffer.alloc(0);
        at = end + 1;
      }
      if (at < chunk.length) held = Buffer.from(passPieces(Buffer.concat([held, chunk.subarray(at)])));
    },
    end: () => {
      if (held.length > 0) passLine(held);
      held = Buffer.alloc(0);
    },
  };
}

const lineFeed = 10;
const carriageReturn = 13;

function decode(bytes: Buffer): string {
  const text = bytes.toString('utf8');
  return text.includes('\0') ? text.replaceAll('\0', '\uFFFD') : text;
}

/** The last place not after `at` where a character begins. */
function characterBorder(bytes: Buffer, at: number): number {
  for (let border = at; border > at - 4; border -= 1) {
    if (((bytes[border] ?? 0) & 0xc0) !== 0x80) return border;
  }
  return at;
}
