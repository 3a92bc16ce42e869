// HAProxy's runtime API: one connection, one line of commands, one answer.
import { connect } from 'node:net';
import { shared } from './haproxy-backends.ts';

/** A server as the running proxy sees it. */
export interface RunningServer {
  readonly name: string;
  readonly weight: number;
  /** Its health check passes. */
  readonly isUp: boolean;
  /** Not drained and not in maintenance. */
  readonly isOpen: boolean;
}

export interface RunningProxy {
  readonly pid: number;
  /** What its configuration states of itself (see `structureOf`); null: nothing. */
  readonly structure: string | null;
}

/** Null when nobody listens on the socket: the proxy is not running. */
export async function runningProxy(socket: string): Promise<RunningProxy | null> {
  const answer = (await askProxy(socket, 'show info').catch(() => null)) ?? '';
  const pid = /^Pid: (\d+)$/m.exec(answer)?.[1];
  const structure = /^description: ([0-9a-f]{16})$/im.exec(answer)?.[1] ?? null;
  return pid === undefined ? null : { pid: Number(pid), structure };
}

export const proxyPid = async (socket: string): Promise<number | null> =>
  (await runningProxy(socket))?.pid ?? null;

/** Of one backend; none where the running proxy has no such backend. */
export async function runningServers(socket: string, backend = shared): Promise<readonly RunningServer[]> {
  const lines = (await askProxy(socket, `show servers state ${backend}`)).split('\n');
  const header =
    lines
      .find((line) => line.startsWith('# '))
      ?.slice(2)
      .split(' ') ?? [];
  const column = (row: readonly string[], name: string): string => row[header.indexOf(name)] ?? '';
  return lines
    .map((line) => line.split(' '))
    .filter((row) => row.length >= 10 && row[1] === backend)
    .map((row) => ({
      name: column(row, 'srv_name'),
      weight: Number(column(row, 'srv_uweight')),
      isUp: column(row, 'srv_op_state') === '2',
      isOpen: (Number(column(row, 'srv_admin_state')) & (maintenance | drain)) === 0,
    }));
}

// Bits of srv_admin_state, as in HAProxy's management guide; 0x04 only tells that the configuration says `disabled`.
const maintenance = 0x01 | 0x02 | 0x20;
const drain = 0x08 | 0x10;

/** Heavier servers first, so that at no moment every server has weight 0. */
export async function setWeights(
  socket: string,
  weights: readonly { readonly name: string; readonly weight: number }[],
): Promise<void> {
  if (weights.length === 0) return;
  const ordered = weights.toSorted((left, right) => right.weight - left.weight);
  await command(
    socket,
    ordered.map(({ name, weight }) => `set server ${shared}/${name} weight ${weight}`),
  );
}

/** Requests that are under way go on; no new ones come. */
export async function drainServers(socket: string, names: readonly string[]): Promise<void> {
  await setStates(socket, shared, names, 'drain');
}

/** `maint` takes no new requests and lets those under way end. */
export async function setStates(
  socket: string,
  backend: string,
  names: readonly string[],
  state: 'ready' | 'drain' | 'maint',
): Promise<void> {
  if (names.length === 0) return;
  await command(
    socket,
    names.map((name) => `set server ${backend}/${name} state ${state}`),
  );
}

/** CSV with one line a server. */
export async function showStatistics(socket: string): Promise<string> {
  return askProxy(socket, 'show stat');
}

/** Thrown when a running proxy does not do what it is told. */
export class ProxyCommandError extends Error {
  override readonly name = 'ProxyCommandError';
}

async function command(socket: string, commands: readonly string[]): Promise<void> {
  const answer = (await askProxy(socket, commands.join(';'))).trim();
  if (answer !== '') throw new ProxyCommandError(`the proxy answered: ${answer.replaceAll(/\s+/g, ' ')}`);
}

const answerTimeoutMs = 5_000;

function askProxy(path: string, line: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect(path, () => socket.write(`${line}\n`));
    socket.setTimeout(answerTimeoutMs, () => socket.destroy(new Error('the proxy does not answer')));
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('end', () => resolve(Buffer.concat(chunks).toString()));
    socket.on('error', reject);
  });
}
