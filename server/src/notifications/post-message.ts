import { err, ok, type Result } from '@sluice/pipelines/result';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { allowedAddress, PrivateAddressError } from './allowed-address.ts';
import type { SignedRequest } from './sign-request.ts';
import { timeLimit } from '../time-limit.ts';

const limitMs = 10_000;
const mostAnswerBytes = 16_384;

export interface Posted {
  readonly status: number;
  /** The first 16 KiB. */
  readonly body: string;
}

/**
 * Posts to an address on the public network, or to a host that the operator allows (see `allowedAddress`). Redirects
 * are not followed. The error never holds the address, for that is a secret.
 */
export async function postMessage(
  { url, headers, body }: SignedRequest,
  privateHosts: readonly string[],
): Promise<Result<Posted, string>> {
  const target = new URL(url);
  const host = target.hostname.replace(/^\[|\]$/g, '');
  if (target.protocol !== 'https:' && target.protocol !== 'http:')
    return err('only http and https are allowed');
  const allowed = allowedAddress(host, privateHosts);
  if (allowed.kind === 'refused') return err(allowed.problem);
  return new Promise((resolve) => {
    const send = target.protocol === 'https:' ? httpsRequest : httpRequest;
    const sent = send(target, {
      method: 'POST',
      headers: { ...headers, 'content-length': Buffer.byteLength(body) },
      agent: false,
      signal: timeLimit(limitMs),
      ...(allowed.lookup === null ? {} : { lookup: allowed.lookup }),
    });
    sent.on('error', (error) => resolve(err(reasonOf(error, host))));
    sent.on('response', (answer) => {
      readStart(answer).then(
        (text) => resolve(ok({ status: answer.statusCode ?? 0, body: text })),
        (error: unknown) => resolve(err(reasonOf(error, host))),
      );
    });
    sent.end(body);
  });
}

function reasonOf(error: unknown, host: string): string {
  if (error instanceof PrivateAddressError) return error.message;
  if (error instanceof Error && (error.name === 'AbortError' || error.name === 'TimeoutError')) {
    return `"${host}" did not answer within ${limitMs / 1_000} seconds`;
  }
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
  return `"${host}" cannot be reached: ${code}`;
}

async function readStart(answer: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of answer) {
    parts.push(part);
    bytes += part.length;
    if (bytes >= mostAnswerBytes) break;
  }
  return Buffer.concat(parts).subarray(0, mostAnswerBytes).toString('utf8');
}
