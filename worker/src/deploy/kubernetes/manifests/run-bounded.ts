// A program of somebody else's making on somebody else's files: it ends, and says no more than may be kept.
import { spawn } from 'node:child_process';
import { StringDecoder } from 'node:string_decoder';

export interface BoundedCall {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly folder: string;
  readonly longestMs: number;
  /** Characters of its output. */
  readonly largest: number;
}

export type ProgramEnd =
  | { readonly kind: 'succeeded'; readonly output: string }
  | { readonly kind: 'failed'; readonly said: string }
  | { readonly kind: 'too-long' | 'too-large' };

/** Rejects when it cannot be started, or with the signal's reason; nothing of it runs on after that. */
export function runBounded(call: BoundedCall, signal: AbortSignal): Promise<ProgramEnd> {
  const [file = '', ...args] = call.command;
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, {
      cwd: call.folder,
      env: call.env,
      detached: true, // a process group of its own, so that all of it is ended
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let cut: 'too-long' | 'too-large' | null = null;
    const kill = (): void => endGroup(child.pid);
    const giveUp = (why: 'too-long' | 'too-large'): void => {
      cut ??= why;
      kill();
    };
    const output = collect(child.stdout, call.largest, () => {
      giveUp('too-large');
    });
    const said = collect(child.stderr, largestComplaint, () => undefined);
    const timer = setTimeout(giveUp, call.longestMs, 'too-long');
    signal.addEventListener('abort', kill, { once: true });
    child.on('error', reject);
    child.on('close', (code) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', kill);
      if (signal.aborted) reject(asError(signal.reason));
      else if (cut !== null) resolve({ kind: cut });
      else resolve(code === 0 ? { kind: 'succeeded', output: output() } : { kind: 'failed', said: said() });
    });
    if (signal.aborted) kill();
  });
}

const largestComplaint = 20_000;

/** Keeps what a stream says, up to that many characters. */
function collect(stream: NodeJS.ReadableStream, most: number, onMore: () => void): () => string {
  const decoder = new StringDecoder('utf8');
  let text = '';
  stream.on('data', (chunk: Buffer) => {
    if (text.length <= most) text += decoder.write(chunk);
    if (text.length > most) onMore();
  });
  return () => text.slice(0, most);
}

function endGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // it has ended by itself
  }
}

const asError = (reason: unknown): Error => (reason instanceof Error ? reason : new Error(String(reason)));
