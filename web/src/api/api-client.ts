// The one place that speaks HTTP. The server that answers also served this page, so the two agree on shapes.
import type { ApiProblem } from '@sluice/pipelines/protocol/api';
import { ApiError } from './api-error.ts';

export interface ApiClient {
  readonly get: <T>(path: string, signal?: AbortSignal) => Promise<T>;
  readonly send: <T>(method: 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown) => Promise<T>;
}

export function createApiClient(fetcher: typeof fetch): ApiClient {
  async function request<T>(path: string, init: RequestInit): Promise<T> {
    const answer = await reach(fetcher, path, init);
    const text = await answer.text();
    if (!answer.ok) throw new ApiError(answer.status, readProblem(answer, text));
    return (text === '' ? undefined : JSON.parse(text)) as T;
  }
  return {
    get: (path, signal) => request(path, { headers, ...(signal === undefined ? {} : { signal }) }),
    send: (method, path, body) =>
      request(path, {
        method,
        headers: { ...headers, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
  };
}

const headers = { accept: 'application/json' };

async function reach(fetcher: typeof fetch, path: string, init: RequestInit): Promise<Response> {
  try {
    return await fetcher(path, { credentials: 'same-origin', ...init });
  } catch (cause) {
    if (init.signal?.aborted === true) throw cause;
    throw new ApiError(0, { reason: 'server-unreachable', message: '' }, { cause });
  }
}

function readProblem(answer: Response, text: string): ApiProblem {
  try {
    const body: unknown = JSON.parse(text);
    if (isProblem(body)) return body;
  } catch {
    // A proxy in between answered with something else than JSON: its status line is all there is to tell.
  }
  return { reason: `http-${answer.status}`, message: `${answer.status} ${answer.statusText}`.trim() };
}

function isProblem(body: unknown): body is ApiProblem {
  return (
    typeof body === 'object' &&
    body !== null &&
    'reason' in body &&
    typeof body.reason === 'string' &&
    'message' in body &&
    typeof body.message === 'string'
  );
}
