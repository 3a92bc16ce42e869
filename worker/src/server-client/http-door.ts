// One authenticated HTTP call to the server's `/worker/*` door.
import { createHash } from 'node:crypto';
import { createWriteStream, openAsBlob } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { timeLimit } from '../time-limit.ts';

/** Thrown when the server does not answer, or answers that it cannot now (5xx, 429): trying again may help. */
export class ServerAwayError extends Error {
  override readonly name = 'ServerAwayError';
}

/** Thrown when the server refuses the call (4xx) or answers in words that we do not understand. */
export class ServerRefusedError extends Error {
  override readonly name = 'ServerRefusedError';
  readonly status: number;
  /** Kebab-case, such as `stale-fence`; null when the answer does not say. */
  readonly reason: string | null;
  constructor(message: string, status: number, reason: string | null) {
    super(message);
    this.status = status;
    this.reason = reason;
  }
}

export interface HttpDoor {
  /** Resolves with the body of a 2xx answer, parsed as JSON. */
  readonly call: (request: DoorRequest) => Promise<unknown>;
  /** Streams a body to a file; rejects with ServerAwayError when it is not what `sha256` says: it was cut off. */
  readonly download: (request: DoorDownload) => Promise<void>;
  /** The lines of a 2xx answer to a GET as they come, for as long as they take; rejects like `call`. */
  readonly lines: (request: Pick<DoorRequest, 'path' | 'signal'>) => AsyncGenerator<string>;
}

export interface DoorRequest {
  readonly method: 'GET' | 'POST' | 'PUT';
  /** Begins with `/worker/`. */
  readonly path: string;
  readonly body: string | Uint8Array | { readonly file: string };
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

export interface DoorDownload {
  readonly path: string;
  /** Replaced where it is there. */
  readonly file: string;
  readonly sha256: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Hears of every answer whether the token was accepted: null, or the words for an operator. */
export type TokenListener = (refusal: string | null) => void;

/** Whether the server did not accept our token: an operator mends that, and the same call then goes well. */
export const isTokenRefused = (error: unknown): boolean =>
  error instanceof ServerRefusedError && (error.status === 401 || error.status === 403);

export function createHttpDoor(
  serverUrl: string,
  token: string,
  onToken: TokenListener = () => undefined,
): HttpDoor {
  const heard = ({ status }: Pick<Response, 'status'>): void => {
    if (status === 401 || status === 403) onToken(tokenRefusal(serverUrl, status));
    else if (status < 500) onToken(null);
  };
  return {
    call: async (request) => {
      const where = `${request.method} ${request.path}`;
      const { status, text } = await send(serverUrl, token, request, where, readText);
      heard({ status });
      if (status >= 200 && status < 300) return parseJson(text, where, status);
      throw refusal(where, status, text);
    },
    download: async ({ file, sha256, ...request }) => {
      const where = `GET ${request.path}`;
      const answer = await send(serverUrl, token, { ...request, method: 'GET' }, where, async (response) =>
        response.ok
          ? { status: response.status, text: '', sha256: await saveBody(response, file) }
          : { ...(await readText(response)), sha256: '' },
      );
      if (answer.status !== 200) throw refusal(where, answer.status, answer.text);
      if (answer.sha256 !== sha256)
        throw new ServerAwayError(`${where} gave other bytes than were announced`);
    },
    lines: (request) => linesOf(serverUrl, token, request),
  };
}

/** The error that stands for an answer of this status. */
export function errorOf(status: number, reason: string | null, message: string): Error {
  if (status >= 500 || status === 429 || status === 408) return new ServerAwayError(message);
  return new ServerRefusedError(message, status, reason);
}

function refusal(where: string, status: number, text: string): Error {
  const { reason, message } = problemOf(text);
  const told = `the server answered ${where} with ${status}: ${message}${hint(status)}`;
  return errorOf(status, reason, told);
}

const tokenRefusal = (serverUrl: string, status: number): string =>
  `the server at ${serverUrl} does not accept our token (it answers ${status}). Check SLUICE_WORKER_TOKEN: it must be the ` +
  'token that the server expects of workers. What runs goes on meanwhile, and is reported when the token is right';

const readText = async (response: Response): Promise<{ status: number; text: string }> => ({
  status: response.status,
  text: await response.text(),
});

async function saveBody(response: Response, file: string): Promise<string> {
  const hash = createHash('sha256');
  const body = Readable.from(response.body ?? []);
  const hashed = async function* (chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      hash.update(chunk);
      yield chunk;
    }
  };
  await pipeline(body, hashed, createWriteStream(file, { mode: 0o600 }));
  return hash.digest('hex');
}

async function* linesOf(
  serverUrl: string,
  token: string,
  { path, signal }: Pick<DoorRequest, 'path' | 'signal'>,
): AsyncGenerator<string> {
  try {
    const response = await fetch(new URL(path, serverUrl), {
      headers: { authorization: `Bearer ${token}` },
      ...(signal !== undefined && { signal }),
    });
    if (!response.ok) {
      const { reason, message } = problemOf(await response.text());
      throw errorOf(response.status, reason, `the server answered GET ${path}: ${message}`);
    }
    let rest = '';
    for await (const text of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      const lines = `${rest}${text}`.split('\n');
      rest = lines.pop() ?? '';
      yield* lines;
    }
  } catch (cause) {
    if (cause instanceof ServerRefusedError || cause instanceof ServerAwayError) throw cause;
    throw new ServerAwayError(`GET ${path} was cut: ${reasonOf(cause)}`, { cause });
  }
}

async function send<T>(
  serverUrl: string,
  token: string,
  { method, path, body, headers, timeoutMs, signal }: Omit<DoorRequest, 'body'> & Partial<DoorRequest>,
  where: string,
  read: (response: Response) => Promise<T>,
): Promise<T> {
  const timeout = timeLimit(timeoutMs);
  try {
    const response = await fetch(new URL(path, serverUrl), {
      method,
      ...(await bodyOf(body)),
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
      signal: signal === undefined ? timeout : AbortSignal.any([timeout, signal]),
    });
    return await read(response);
  } catch (cause) {
    const why = timeout.aborted ? `no answer within ${timeoutMs} ms` : reasonOf(cause);
    throw new ServerAwayError(`${where} did not reach the server at ${serverUrl}: ${why}`, { cause });
  }
}

async function bodyOf(body: DoorRequest['body'] | undefined): Promise<Pick<RequestInit, 'body'>> {
  if (body === undefined) return {};
  if (typeof body === 'string') return { body };
  return { body: body instanceof Uint8Array ? new Uint8Array(body) : await openAsBlob(body.file) };
}

function parseJson(text: string, where: string, status: number): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ServerRefusedError(
      `the server answered ${where} with ${status} and no JSON: is this a Sluice server?`,
      status,
      null,
    );
  }
}

const problem = z.object({ reason: z.string(), message: z.string() });

function problemOf(text: string): { readonly reason: string | null; readonly message: string } {
  try {
    return problem.parse(JSON.parse(text));
  } catch {
    return { reason: null, message: text.length === 0 ? 'no words' : text.slice(0, 500) };
  }
}

function hint(status: number): string {
  return status === 401 || status === 403
    ? '. Check SLUICE_WORKER_TOKEN: it must be the token that the server expects of workers.'
    : '';
}

/** fetch hides the reason, such as ECONNREFUSED, in the cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message || error.message : error.message;
}
