// One cluster's API over HTTPS with keep-alive, a time limit on every call, and answers of limited size. The
// official client reads the kubeconfig; its generated calls know no server-side apply of any kind and no limits. It is
// loaded when a cluster is asked for: its modules are most of what a worker would load at its start.
import http from 'node:http';
import https from 'node:https';
import type { KubeConfig } from '@kubernetes/client-node';
import { DeployProblem, messageOf } from '../deploy-problem.ts';

export interface KubeConnection {
  /** Rejects only when no answer comes. */
  readonly send: (request: KubeRequest) => Promise<KubeAnswer>;
  readonly close: () => void;
}

export interface KubeRequest {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Begins with `/`; may hold a query. */
  readonly path: string;
  readonly body?: unknown;
  readonly contentType?: string;
  /** Default: JSON. An answer that is none comes as `{ message }`, its first characters. */
  readonly accept?: string;
}

export interface KubeAnswer {
  readonly status: number;
  readonly body: unknown;
  /** When it was given, by the API server's own clock, in milliseconds since the epoch; null: it did not say. */
  readonly at: number | null;
}

export interface Kubeconfig {
  /** Text from a secret, or the path of the worker's own file. */
  readonly text: string | null;
  readonly ownPath: string | null;
}

const callTimeoutMs = 15_000;
const longestAnswer = 32 * 2 ** 20;

/** How long credentials that come from a file or a program are kept: in a cluster they change every hour. */
const credentialsMs = 60_000;

export async function connectKubernetes(source: Kubeconfig, signal: AbortSignal): Promise<KubeConnection> {
  return connectCluster(await loadKubeconfig(source), signal);
}

/** Rejects with a `DeployProblem` when the configuration names no cluster. `signal` ends every call. */
export async function connectCluster(config: KubeConfig, signal: AbortSignal): Promise<KubeConnection> {
  const server = config.getCurrentCluster()?.server;
  if (server === undefined || !URL.canParse(server)) {
    throw refusedKubeconfig('it names no cluster as its current context');
  }
  const options = await optionsOf(config);
  let credentials = { headers: namedHeaders(options.headers), auth: options.auth, readAt: Date.now() };
  const isPlain = server.startsWith('http:');
  const { ca, cert, key, rejectUnauthorized, servername } = options;
  const agent = isPlain
    ? new http.Agent({ keepAlive: true })
    : new https.Agent({
        keepAlive: true,
        ca,
        cert,
        key,
        servername,
        ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }),
      });
  return {
    send: async (request) => {
      if (Date.now() - credentials.readAt > credentialsMs) {
        const { headers, auth } = await optionsOf(config);
        credentials = { headers: namedHeaders(headers), auth, readAt: Date.now() };
      }
      const fixed = { agent, auth: credentials.auth, headers: credentials.headers };
      return await send(isPlain ? http.request : https.request, server, fixed, request, signal);
    },
    close: () => agent.destroy(),
  };
}

async function optionsOf(config: KubeConfig): Promise<https.RequestOptions> {
  const options: https.RequestOptions = {};
  await config.applyToHTTPSOptions(options);
  return options;
}

async function loadKubeconfig({ text, ownPath }: Kubeconfig): Promise<KubeConfig> {
  const kubernetes = await import('@kubernetes/client-node');
  const config = new kubernetes.KubeConfig();
  try {
    if (text !== null) config.loadFromString(text);
    else if (ownPath !== null) config.loadFromFile(ownPath);
    else throw new Error('the environment names none, and this worker has none of its own (KUBECONFIG)');
  } catch (error) {
    throw refusedKubeconfig(messageOf(error));
  }
  if (text !== null) refuseLocalPowers(config);
  return config;
}

/** A kubeconfig from a secret may neither run a program on the worker nor read its files. */
function refuseLocalPowers(config: KubeConfig): void {
  const user = config.getCurrentUser();
  const cluster = config.getCurrentCluster();
  const uses = [
    ...(user?.exec === undefined ? [] : ['exec']),
    ...(user?.authProvider === undefined ? [] : ['auth-provider']),
    ...(user?.certFile === undefined ? [] : ['client-certificate']),
    ...(user?.keyFile === undefined ? [] : ['client-key']),
    ...(cluster?.caFile === undefined ? [] : ['certificate-authority']),
  ];
  if (uses.length > 0) {
    throw refusedKubeconfig(
      `it uses ${uses.join(', ')}, which would run or read something on the worker: put the data itself into it (\`kubectl config view --flatten\`, or a service account's token)`,
    );
  }
}

function refusedKubeconfig(why: string): DeployProblem {
  return new DeployProblem(
    'kubeconfig-refused',
    `The kubeconfig cannot be used: ${why}. Mend the secret that the environment names.`,
  );
}

/** A kubeconfig's plug-ins give headers by name; Node's other form, a flat list, does not come from them. */
function namedHeaders(headers: https.RequestOptions['headers']): http.OutgoingHttpHeaders {
  return headers === undefined || 'length' in headers ? {} : headers;
}

function send(
  open: typeof https.request,
  server: string,
  fixed: Omit<https.RequestOptions, 'headers'> & { readonly headers: http.OutgoingHttpHeaders },
  { method, path, body, contentType, accept }: KubeRequest,
  signal: AbortSignal,
): Promise<KubeAnswer> {
  return new Promise((resolve, reject) => {
    const text = body === undefined ? '' : JSON.stringify(body);
    const headers = {
      ...fixed.headers,
      'content-length': Buffer.byteLength(text), // without it, a DELETE's body would run into the next request
      accept: accept ?? 'application/json',
      ...(contentType === undefined ? {} : { 'content-type': contentType }),
    };
    const options = { ...fixed, method, headers, signal, timeout: callTimeoutMs };
    const request = open(`${server.replace(/\/$/, '')}${path}`, options, (answer) => {
      const chunks: Buffer[] = [];
      let size = 0;
      answer.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        size += chunk.length;
        if (size > longestAnswer) answer.destroy(new Error(`the answer to ${path} is longer than 32 MB`));
      });
      answer.on('error', reject);
      answer.on('end', () =>
        resolve({
          status: answer.statusCode ?? 0,
          body: parse(Buffer.concat(chunks).toString()),
          at: timeOf(answer.headers.date),
        }),
      );
    });
    request.on('timeout', () =>
      request.destroy(
        Object.assign(new Error(`no answer within ${callTimeoutMs} ms`), { code: 'ETIMEDOUT' }),
      ),
    );
    request.on('error', reject);
    request.end(text);
  });
}

function timeOf(date: string | undefined): number | null {
  const at = Date.parse(date ?? '');
  return Number.isNaN(at) ? null : at;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return { message: text.slice(0, 8_000) };
  }
}
