// The configuration of one service's proxy. It always lists exactly the containers that exist, with their weights,
// so that a proxy that died is brought back as it was.
import { createHash } from 'node:crypto';
import { isIPv6 } from 'node:net';
import type { RequestMatch } from '@sluice/pipelines/rollout/rollout-state';
import { DeployProblem } from '../deploy-problem.ts';
import { chosen, shared } from './haproxy-backends.ts';
import { requestConditions } from './request-conditions.ts';
import type { Colour } from './service-state.ts';

export interface ProxyConfig {
  readonly socket: string;
  readonly listenHost: string;
  readonly listenPort: number;
  readonly health: Readonly<Record<Colour, string>>;
  readonly servers: readonly ProxyServer[];
  /** Requests for one colour alone; null: the proxy is not prepared for any. */
  readonly chosen: ChosenRequests | null;
}

export interface ChosenRequests {
  readonly match: readonly RequestMatch[];
  readonly colour: Colour;
  /** False: prepared, and shared out like all others. */
  readonly isOn: boolean;
}

export interface ProxyServer {
  /** `a1`, `b3`. */
  readonly name: string;
  readonly colour: Colour;
  readonly host: string;
  readonly port: number;
  readonly weight: number;
}

/** The running proxy tells its structure as its description: a file may be of a process that never came to run. */
export function renderProxyConfig(config: ProxyConfig): string {
  return render(config, `  description ${structureOf(config)}\n`);
}

/** Equal for two configurations that differ in weights, and in whether chosen requests are on: no reload changes those. */
export function structureOf(config: ProxyConfig): string {
  const servers = config.servers.map((server) => ({ ...server, weight: 1 }));
  const requests = config.chosen === null ? null : { ...config.chosen, isOn: false };
  return createHash('sha256')
    .update(render({ ...config, servers, chosen: requests }))
    .digest('hex')
    .slice(0, 16);
}

// Without `noreuseport` a second proxy could share the port, and the kernel would deal requests out to both.
// Server connections are closed after every response: a pooled one that the application closes at the same moment
// would cost a request. Retries happen only where no byte was sent. On a reload, idle clients are told with their
// next response instead of being cut off.
function render(config: ProxyConfig, description = ''): string {
  return `global
${description}  fd-hard-limit 20000
  noreuseport
  stats socket ${word(config.socket, 'data directory')} mode 600 level admin expose-fd listeners
  hard-stop-after 30s

defaults
  mode http
  timeout connect 2s
  timeout check 2s
  timeout client 60s
  timeout http-request 30s
  timeout http-keep-alive 60s
  timeout queue 10s
  timeout server 60s
  timeout tunnel 1h
  retries 3
  retry-on conn-failure
  option redispatch 1
  option forwardfor
  option http-server-close
  option idle-close-on-response

frontend users
  bind ${bindAddress(config)}
${useChosen(config)}  default_backend ${shared}

${healthBackend('a', config)}
${healthBackend('b', config)}
backend ${shared}
  balance roundrobin
${config.servers.map(serverLine).join('')}${chosenBackend(config)}`;
}

/** Where none of the chosen version's servers can answer, its requests are shared out like all others. */
function useChosen({ chosen: requests }: ProxyConfig): string {
  if (requests === null) return '';
  return `  use_backend ${chosen} if { nbsrv(${chosen}) gt 0 } ${requestConditions(requests.match)}\n`;
}

/** Its servers are in maintenance while no request is chosen: turned on and off without a reload, and read back. */
function chosenBackend({ chosen: requests, servers }: ProxyConfig): string {
  if (requests === null) return '';
  const lines = servers
    .filter(({ colour }) => colour === requests.colour)
    .map(
      (server) => `${serverLine({ ...server, weight: 1 }).trimEnd()}${requests.isOn ? '' : ' disabled'}\n`,
    );
  return `
backend ${chosen}
  balance roundrobin
${lines.join('')}`;
}

/** Checks live in a backend of their own for each colour: two versions may have two health paths. */
function healthBackend(colour: Colour, config: ProxyConfig): string {
  const servers = config.servers.filter((server) => server.colour === colour);
  const lines = servers.map(
    ({ name, host, port }) =>
      `  server ${name} ${host}:${port} check inter 1s fastinter 250ms downinter 250ms rise 1 fall 2\n`,
  );
  return `backend health-${colour}
  option httpchk
  http-check send meth GET uri '${healthPath(config.health[colour])}'
  http-check expect status 200-299
${lines.join('')}`;
}

function serverLine({ name, colour, host, port, weight }: ProxyServer): string {
  return `  server ${name} ${host}:${port} weight ${weight} track health-${colour}/${name}\n`;
}

function bindAddress({ listenHost, listenPort }: ProxyConfig): string {
  const host = listenHost === '*' ? '*' : isIPv6(listenHost) ? `[${listenHost}]` : listenHost;
  return `${word(host, 'listenHost of the environment')}:${listenPort}`;
}

function word(text: string, what: string): string {
  if (/^[\w.:@/[\]*+=-]+$/.test(text)) return text;
  throw new DeployProblem(
    'bad-configuration',
    `The ${what} is ${JSON.stringify(text)}, which cannot stand in a proxy configuration: use letters, digits, dots and dashes.`,
  );
}

function healthPath(path: string): string {
  if (/^\/[\w\-.~/?&=%+:@,;!$()*]*$/.test(path)) return path;
  throw new DeployProblem(
    'bad-health-path',
    `The health path ${JSON.stringify(path)} is not a plain HTTP path: write something like \`health: /healthz\` in the stage's \`container\`.`,
  );
}
