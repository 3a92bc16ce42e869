// The few calls of S3 that a blob store needs, signed, over fetch.
import { AwsClient } from 'aws4fetch';
import { setTimeout as sleep } from 'node:timers/promises';
import { BlobStoreError } from './blob-store.ts';

export interface S3Settings {
  /** Address of the server, such as https://s3.eu-central-1.amazonaws.com or http://minio:9000. */
  readonly endpoint: URL;
  readonly bucket: string;
  readonly region: string;
  /** True: `endpoint/bucket/key`; false: `bucket.endpoint/key`. */
  readonly isPathStyle: boolean;
  /** Begins every key; empty, or ends in `/`. */
  readonly prefix: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string | null;
}

export interface S3Request {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  /** Without the prefix; empty: the bucket itself. */
  readonly key: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

export interface S3Client {
  /** Answers other than 2xx reject, but a missing key, which is null. */
  readonly call: (request: S3Request) => Promise<Response | null>;
  /** The same where a missing key is an error; the body is read, and an error told in a 200 is one. */
  readonly text: (request: S3Request) => Promise<{ readonly body: string; readonly headers: Headers }>;
}

/** Tries of one call in all. */
const tries = 5;

export function createS3Client(settings: S3Settings): S3Client {
  const { accessKeyId, secretAccessKey, sessionToken, region } = settings;
  const aws = new AwsClient({
    accessKeyId,
    secretAccessKey,
    region,
    service: 's3',
    retries: tries - 1,
    initRetryMs: 100,
    ...(sessionToken !== null && { sessionToken }),
  });

  async function call(request: S3Request): Promise<Response | null> {
    const response = await send(request);
    if (response.ok) return response;
    const body = await response.text();
    if (response.status === 404 && !body.includes('NoSuchBucket')) return null;
    throw refusal(settings, request, response.status, body);
  }

  async function send({ method, key, query, headers, body }: S3Request): Promise<Response> {
    const url = addressOf(settings, key, query ?? {});
    const init = {
      method,
      headers: { ...headers },
      ...(body !== undefined && { body: new Uint8Array(body) }),
    };
    let problem: unknown;
    for (let attempt = 1; attempt <= tries; attempt += 1) {
      try {
        return await aws.fetch(url.href, init);
      } catch (cause) {
        problem = cause;
        if (attempt < tries) await sleep(100 * 2 ** attempt);
      }
    }
    const message = `the S3 server at ${settings.endpoint.origin} cannot be reached: check SLUICE_S3_ENDPOINT and the network`;
    throw new BlobStoreError(message, null, { cause: problem });
  }

  return {
    call,
    async text(request) {
      const response = await call(request);
      if (response === null) throw refusal(settings, request, 404, 'the key is not there');
      const body = await response.text();
      // Copying and completing may begin with 200 and fail on the way.
      if (/<Error>/.test(body)) throw refusal(settings, request, response.status, body);
      return { body, headers: response.headers };
    },
  };
}

function addressOf(settings: S3Settings, key: string, query: Readonly<Record<string, string>>): URL {
  const url = new URL(settings.endpoint);
  const base = url.pathname.replace(/\/$/, '');
  const path = key === '' ? '' : `/${settings.prefix}${key}`;
  if (settings.isPathStyle) url.pathname = `${base}/${settings.bucket}${path}`;
  else {
    url.hostname = `${settings.bucket}.${url.hostname}`;
    url.pathname = `${base}${path === '' ? '/' : path}`;
  }
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  return url;
}

const advice: Readonly<Record<string, string>> = {
  NoSuchBucket: 'make the bucket, or mend SLUICE_S3_BUCKET',
  InvalidAccessKeyId: 'mend SLUICE_S3_ACCESS_KEY_ID',
  SignatureDoesNotMatch: 'mend SLUICE_S3_SECRET_ACCESS_KEY, or SLUICE_S3_REGION',
  AuthorizationHeaderMalformed: 'mend SLUICE_S3_REGION',
  AccessDenied: 'allow this key to get, put, delete and list objects of the bucket',
};

function refusal(
  { bucket, endpoint }: S3Settings,
  { method, key }: S3Request,
  status: number,
  body: string,
): BlobStoreError {
  const code = textOf(body, 'Code') ?? String(status);
  const said = textOf(body, 'Message') ?? '';
  const help = advice[code];
  const where = `${endpoint.host}, bucket "${bucket}"`;
  const what = `S3 (${where}) refused ${method} ${key === '' ? 'of the bucket' : key} with ${code}`;
  const message = [what, said, help].filter((part) => part !== undefined && part !== '').join(': ');
  return new BlobStoreError(message, code);
}

/** Text of the first element of that name. */
export function textOf(xml: string, element: string): string | null {
  const found = new RegExp(`<${element}>([^<]*)</${element}>`).exec(xml)?.[1];
  return found === undefined ? null : plain(found);
}

const plain = (text: string): string =>
  text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#34;', '"')
    .replaceAll('&apos;', "'")
    .replaceAll('&amp;', '&');
