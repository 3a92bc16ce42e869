// Reads Git objects through one `git cat-file --batch` that stays open: a new process for every question costs more
// than the answer.
import { spawn } from 'node:child_process';

export interface GitObject {
  readonly name: string;
  readonly type: string;
  readonly size: number;
  /** Null: larger than the reader gives out. */
  readonly bytes: Buffer | null;
}

export interface ObjectReader {
  /**
   * The object that an expression such as `<commit>^{tree}` stands for; null: it is not here, or not yet. One call
   * at a time. Rejects when Git fails; the reader is then closed.
   */
  readonly read: (expression: string) => Promise<GitObject | null>;
  readonly isClosed: () => boolean;
  readonly close: () => void;
}

/** `limitBytes`: a larger object is not read; the reader is closed after it. */
export function openObjectReader(
  folder: string,
  environment: Readonly<Record<string, string>>,
  limitBytes: number,
): ObjectReader {
  const child = spawn('git', ['cat-file', '--batch'], { cwd: folder, env: environment });
  let received: Buffer = Buffer.alloc(0);
  let complaint = '';
  let isClosed = false;
  let waiting: { resolve: (object: GitObject | null) => void; reject: (error: Error) => void } | null = null;

  child.stdout.on('data', (chunk: Buffer) => {
    received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
    const answer = parseAnswer(received, limitBytes);
    if (answer === null || waiting === null) return;
    received = received.subarray(answer.length);
    if (answer.object?.bytes === null) close();
    waiting.resolve(answer.object);
    waiting = null;
  });
  child.stderr.on('data', (chunk: Buffer) => (complaint = `${complaint}${chunk.toString()}`.slice(-1_000)));
  child.stdin.on('error', () => undefined); // 'close' tells it
  child.once('error', fail);
  child.once('close', () => fail(new Error(complaint.trim() || 'git cat-file ended')));

  function fail(error: Error): void {
    isClosed = true;
    waiting?.reject(error);
    waiting = null;
  }

  function close(): void {
    isClosed = true;
    child.kill();
  }

  return {
    read(expression) {
      if (isClosed) return Promise.reject(new Error('the reader is closed'));
      return new Promise((resolve, reject) => {
        waiting = { resolve, reject };
        child.stdin.write(`${expression}\n`);
      });
    },
    isClosed: () => isClosed,
    close,
  };
}

interface Answer {
  readonly object: GitObject | null;
  /** Bytes of the answer. */
  readonly length: number;
}

/** `<name> <type> <size>\n<bytes>\n`, or a line that ends in `missing`; null: there is more to come. */
function parseAnswer(received: Buffer, limitBytes: number): Answer | null {
  const headEnd = received.indexOf(10);
  if (headEnd === -1) return null;
  const head = /^([0-9a-f]{40,64}) (\w+) (\d+)$/.exec(received.toString('utf8', 0, headEnd));
  const [, name = '', type = '', digits] = head ?? [];
  const start = headEnd + 1;
  if (digits === undefined) return { object: null, length: start };
  const size = Number(digits);
  if (size > limitBytes) return { object: { name, type, size, bytes: null }, length: received.length };
  if (received.length < start + size + 1) return null;
  const bytes = received.subarray(start, start + size);
  return { object: { name, type, size, bytes }, length: start + size + 1 };
}
