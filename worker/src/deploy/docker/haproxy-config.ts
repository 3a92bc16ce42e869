// The configuration of one service's proxy. It always lists exactly the containers that exist, with their weights,
// so that a proxy that died is brought back as it was.
import { createHash } from 'node:crypto';
import { isIPv6 } from 'node:net';
import { DeployProblem } from '../deploy-problem.ts';
import type { Colour } from './service-state.ts';

export interface ProxyConfig {
  readonly socket: string;
  readonly listenHost: string;
  readonly listenPort: number;
  readonly health: Readonly<Record<Colour, string>>;
  readonly servers: readonly ProxyServer[];
}

export interface ProxyServer {
  /** `a1`, `b3`. */
  readonly name: string;
  readonly colour: Colour;
  readonly host: string;
  readonly port: number;
  readonly weight: number;
}

/** Name of the backend that users' requests go to. */
export const backend = 'service';

/** The running proxy tells its structure as its description: a file may be of a process that never came to run. */
export function renderProxyConfig(config: ProxyConfig): string {
  return render(config, `  description ${structureOf(config)}\n`);
}

/** Equal for two configurations that differ in weights alone: those are changed without a reload. */
export function structureOf(config: ProxyConfig): string {
  const servers = config.servers.map((server) => ({ ...server, weight: 1 }));
  return createHash('sha256')
    .update(render({ ...config, servers }))
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
  default_backend ${backend}

${healthBackend('a', config)}
${healthBackend('b', config)}
backend ${backend}
  balance roundrobin
${config.servers.map(serverLine).join('')}`;
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
