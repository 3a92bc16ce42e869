// The server's API for commands. The address is SLUICE_URL, the token SLUICE_TOKEN or the file that a server on
// this machine keeps for its own command line.
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { InputProblem } from '@sluice/pipelines/plan/check-inputs';
import type { ApiProblem } from '@sluice/pipelines/protocol/api';

export interface ApiClient {
  readonly url: string;
  readonly token: string;
  /** Gives the parsed body. Throws an ApiError with the server's own words where it refuses. */
  readonly call: <T>(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown) => Promise<T>;
}

/** Thrown when the server cannot be reached or refuses; its message says what to do. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly reason: string;
  readonly status: number | null;
  /** Of a manual start: what is wrong with each input. */
  readonly inputs: readonly InputProblem[];
  constructor(
    message: string,
    reason: string,
    status: number | null,
    options: ErrorOptions & { readonly inputs?: readonly InputProblem[] } = {},
  ) {
    super(message, options);
    this.reason = reason;
    this.status = status;
    this.inputs = options.inputs ?? [];
  }
}

export function connect(environment: NodeJS.ProcessEnv): ApiClient {
  const url = (
    environment['SLUICE_URL'] ?? `http://127.0.0.1:${environment['SLUICE_PORT'] ?? '8080'}`
  ).replace(/\/$/, '');
  return apiClient(url, findToken(environment));
}

export function apiClient(url: string, token: string): ApiClient {
  return {
    url,
    token,
    call: async <T>(method: string, path: string, body?: unknown) => {
      const answer = await send(url, token, method, path, body);
      const text = await answer.text();
      if (!answer.ok) throw problem(answer, text);
      return (text === '' ? null : JSON.parse(text)) as T;
    },
  };
}

async function send(
  url: string,
  token: string,
  method: string,
  path: string,
  body: unknown,
): Promise<Response> {
  try {
    return await fetch(`${url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      signal: AbortSignal.timeout(30_000),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  } catch (cause) {
    const message = `no server answers at ${url}. Start one with \`sluice up\`, or set SLUICE_URL.`;
    throw new ApiError(message, 'server-unreachable', null, { cause });
  }
}

function problem(answer: Response, text: string): ApiError {
  try {
    const { reason, message, inputs = [] } = JSON.parse(text) as ApiProblem;
    return new ApiError(message, reason, answer.status, { inputs });
  } catch {
    return new ApiError(
      `the server answered ${answer.status} ${answer.statusText}`,
      'unexpected-answer',
      answer.status,
    );
  }
}

function findToken(environment: NodeJS.ProcessEnv): string {
  const named = environment['SLUICE_TOKEN'];
  if (named !== undefined && named !== '') return named;
  const file = join(resolve(environment['SLUICE_DATA'] ?? '.sluice-data'), 'cli-token');
  if (existsSync(file)) return readFileSync(file, 'utf8').trim();
  throw new ApiError(
    `no token: set SLUICE_TOKEN, or run this where the server's data folder is (looked for ${file})`,
    'no-token',
    null,
  );
}
