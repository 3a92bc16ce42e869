// One authenticated HTTP call to the server's `/worker/*` door.
import { z } from 'zod';

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
}

export interface DoorRequest {
  readonly method: 'GET' | 'POST' | 'PUT';
  /** Begins with `/worker/`. */
  readonly path: string;
  readonly body: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

export function createHttpDoor(serverUrl: string, token: string): HttpDoor {
  return {
    call: async (request) => {
      const where = `${request.method} ${request.path}`;
      const { status, text } = await send(serverUrl, token, request, where);
      if (status >= 200 && status < 300) return parseJson(text, where, status);
      const message = `the server answered ${where} with ${status}: ${problemOf(text).message}${hint(status)}`;
      throw errorOf(status, problemOf(text).reason, message);
    },
  };
}

/** The error that stands for an answer of this status. */
export function errorOf(status: number, reason: string | null, message: string): Error {
  if (status >= 500 || status === 429 || status === 408) return new ServerAwayError(message);
  return new ServerRefusedError(message, status, reason);
}

async function send(
  serverUrl: string,
  token: string,
  { method, path, body, headers, timeoutMs, signal }: DoorRequest,
  where: string,
): Promise<{ status: number; text: string }> {
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    const response = await fetch(new URL(path, serverUrl), {
      method,
      body: typeof body === 'string' ? body : new Uint8Array(body),
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
      signal: signal === undefined ? timeout : AbortSignal.any([timeout, signal]),
    });
    return { status: response.status, text: await response.text() };
  } catch (cause) {
    const why = timeout.aborted ? `no answer within ${timeoutMs} ms` : reasonOf(cause);
    throw new ServerAwayError(`${where} did not reach the server at ${serverUrl}: ${why}`, { cause });
  }
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
