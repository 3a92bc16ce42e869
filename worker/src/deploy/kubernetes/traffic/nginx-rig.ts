// For tests: a real nginx that shares requests between Services as a list of rules says.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** The first rule of which every condition is true is used. */
export interface ProxyRule {
  readonly conditions: readonly ProxyCondition[];
  /** Relative. */
  readonly weights: readonly { readonly service: string; readonly weight: number }[];
  readonly mirror: { readonly service: string; readonly percent: number } | null;
}

export interface ProxyCondition {
  /** `$http_x_canary`, `$arg_group`, `$uri` … */
  readonly variable: string;
  /** Source of a regular expression that finds something in it, with upper and lower case. */
  readonly pattern: string;
}

interface ProxyPlan {
  readonly rules: readonly ProxyRule[];
  /** `ip:port` of the ready pods, by Service. */
  readonly endpoints: Readonly<Record<string, readonly string[]>>;
}

export interface NginxRig extends AsyncDisposable {
  readonly port: number;
  /** Requests that are under way are finished as before; none shares a connection, which a reload would cut. */
  readonly use: (plan: ProxyPlan) => Promise<void>;
}

export async function startNginx(): Promise<NginxRig> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-nginx-'));
  const port = await freePort();
  const file = join(folder, 'nginx.conf');
  await writeFile(file, nginxConfig({ rules: [], endpoints: {} }, port, folder));
  const nginx = spawn('nginx', ['-p', folder, '-c', file, '-e', 'stderr'], { stdio: 'ignore' });
  await untilListening(port);
  return {
    port,
    use: async (plan) => {
      await writeFile(file, nginxConfig(plan, port, folder));
      nginx.kill('SIGHUP');
    },
    [Symbol.asyncDispose]: async () => {
      nginx.kill('SIGTERM');
      if (nginx.exitCode === null) await once(nginx, 'exit');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function nginxConfig({ rules, endpoints }: ProxyPlan, port: number, folder: string): string {
  const used = new Set(
    rules
      .flatMap(({ weights, mirror }) => [...weights, ...(mirror === null ? [] : [mirror])])
      .map(({ service }) => service),
  );
  const upstreams = [...used].map((service) => {
    const servers = endpoints[service] ?? [];
    const lines = servers.length === 0 ? ['127.0.0.1:9'] : servers; // nobody answers there
    return `upstream ${service} { ${lines.map((each) => `server ${each} max_fails=0;`).join(' ')} }`;
  });
  return `daemon off; worker_processes 1; pid ${folder}/nginx.pid;
events { worker_connections 2048; }
http {
access_log off; keepalive_timeout 0; map_hash_bucket_size 512; proxy_http_version 1.1;
client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy; fastcgi_temp_path ${folder}/f; uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
${upstreams.join('\n')}
${rules.map(ruleMaps).join('\n')}
map "${rules.map((_, index) => `$rule${index}`).join('')}" $backend { default none; ${rules.map((_, index) => `"~^${'0'.repeat(index)}1" $share${index};`).join(' ')} }
map "${rules.map((_, index) => `$rule${index}`).join('')}" $copy { default ""; ${rules.map((_, index) => `"~^${'0'.repeat(index)}1" $copy${index};`).join(' ')} }
server {
  listen 127.0.0.1:${port} backlog=1024;
  location / { if ($backend = none) { return 404; } mirror /.copy; proxy_pass http://$backend; }
  location = /.copy { internal; if ($copy = "") { return 204; } proxy_pass http://$copy$request_uri; }
}
}
`;
}

function ruleMaps({ conditions, weights, mirror }: ProxyRule, index: number): string {
  const tests = conditions.map(
    ({ variable, pattern }, at) =>
      `map ${variable} $test${index}_${at} { default 0; ${quoted(`~${pattern}`)} 1; }`,
  );
  const all = conditions.map((_, at) => `$test${index}_${at}`).join('');
  const sum = weights.reduce((total, { weight }) => total + weight, 0);
  const shares = weights.filter(({ weight }) => weight > 0);
  const parts = shares.map(({ service, weight }, at) =>
    at === shares.length - 1 ? `* ${service};` : `${((100 * weight) / sum).toFixed(2)}% ${service};`,
  );
  const copies =
    mirror === null || mirror.percent === 0
      ? '* "";'
      : mirror.percent >= 100
        ? `* ${mirror.service};`
        : `${mirror.percent}% ${mirror.service}; * "";`;
  return `${tests.join('\n')}
map "1${all}" $rule${index} { default 0; "1${'1'.repeat(conditions.length)}" 1; }
split_clients "share${index}$request_id" $share${index} { ${parts.length === 0 ? '* none;' : parts.join(' ')} }
split_clients "copy${index}$request_id" $copy${index} { ${copies} }`;
}

const quoted = (text: string): string => `"${text.replaceAll('"', '\\"')}"`;

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

async function untilListening(port: number): Promise<void> {
  const deadline = performance.now() + 30_000;
  for (;;) {
    const answer = await fetch(`http://127.0.0.1:${port}/`).catch(() => null);
    if (answer !== null) return;
    if (performance.now() > deadline) throw new Error('nginx does not start');
    await sleep(50);
  }
}
