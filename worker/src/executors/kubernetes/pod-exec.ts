// A command in a container of a pod, over one WebSocket (`v4.channel.k8s.io`): a byte says which stream the rest of a
// message belongs to. The end of the input cannot be told: what reads it must know by itself how much comes.
import { Exec, type KubeConfig } from '@kubernetes/client-node';
import { z } from 'zod';
import type { StepOutput } from '../executor.ts';

export interface PodCommand {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  /** Seen by whoever may list processes or read the API's audit log: no secret belongs here. */
  readonly command: readonly string[];
  /** Whether something will be sent to its input. */
  readonly hasInput: boolean;
  /** It has a terminal, which `resize` sets; its output is all in one. Absent: none. */
  readonly hasTerminal?: boolean;
}

export interface RunningCommand {
  /** Resolves when the connection has taken it. Rejects with ConnectionLostError. */
  readonly send: (chunk: Uint8Array) => Promise<void>;
  /** Sets the size of its terminal. */
  readonly resize: (cols: number, rows: number) => void;
  /** How it ended. Rejects with ConnectionLostError when the connection ended first. */
  readonly ended: Promise<CommandEnd>;
  /** Leaves it alone; `ended` then rejects. */
  readonly close: () => void;
}

export type CommandEnd =
  | { readonly kind: 'exited'; readonly exitCode: number }
  /** The container's runtime could not run it: no such program, container not running. */
  | { readonly kind: 'not-run'; readonly message: string };

/** Thrown when a connection to the API server could not be made, or was cut: trying again may help. */
export class ConnectionLostError extends Error {
  override readonly name = 'ConnectionLostError';
}

const streams = { stdin: 0, stdout: 1, stderr: 2, status: 3, size: 4 } as const;
/** A silent connection is asked for a sign of life; one that gives none for twice as long is taken for cut. */
const pingMs = 10_000;
/** While so much waits to be sent, no more is taken. */
const sendBufferBytes = 1024 * 1024;

/** Starts the command; what it writes goes to `output`, which may let the connection wait. */
export async function execInPod(
  config: KubeConfig,
  command: PodCommand,
  output: StepOutput,
): Promise<RunningCommand> {
  let status: CommandEnd | null = null;
  let lastSign = Date.now();
  let draining: Promise<void> | null = null;
  const receive = (stream: number, bytes: Buffer): boolean => {
    lastSign = Date.now();
    if (stream === streams.status) status = endOf(bytes);
    else if (bytes.length > 0) {
      output.write(stream === streams.stderr ? 'stderr' : 'stdout', bytes);
      draining ??= waitForRoom();
    }
    return status === null;
  };
  const socket = await new Exec(config).handler.connect(pathOf(command), null, receive).catch(lost);

  async function waitForRoom(): Promise<void> {
    socket.pause();
    await output.drained();
    draining = null;
    lastSign = Date.now();
    socket.resume();
  }
  socket.on('pong', () => (lastSign = Date.now()));
  const pulse = setInterval(() => {
    if (draining !== null) return;
    if (Date.now() - lastSign > 3 * pingMs) socket.terminate();
    else socket.ping(undefined, undefined, () => undefined);
  }, pingMs);
  const ended = new Promise<CommandEnd>((resolve, reject) => {
    const settle = (why: string): void => {
      clearInterval(pulse);
      if (status === null) reject(new ConnectionLostError(`the connection into the pod was cut: ${why}`));
      else resolve(status);
    };
    socket.on('error', (error: Error) => settle(error.message));
    socket.on('close', (code: number) => settle(`closed with ${code}`));
    if (socket.readyState >= closing) settle('closed at once');
  });
  ended.catch(() => undefined); // seen by whoever waits for it
  return {
    send: async (chunk) => {
      const message = Buffer.concat([Buffer.from([streams.stdin]), chunk]);
      const sent = new Promise<void>((resolve, reject) =>
        socket.send(message, (error) =>
          error ? reject(new ConnectionLostError(error.message, { cause: error })) : resolve(),
        ),
      );
      if (socket.bufferedAmount > sendBufferBytes) await sent;
      else sent.catch(() => undefined); // the end of the connection is seen in `ended`
    },
    resize: (cols, rows) => {
      const size = Buffer.from(JSON.stringify({ Width: cols, Height: rows }));
      socket.send(Buffer.concat([Buffer.from([streams.size]), size]), () => undefined);
    },
    ended,
    close: () => socket.terminate(),
  };
}

const closing = 2;

/** Runs the command to its end and gives what it wrote, of which there may be a megabyte. */
export async function askInPod(
  config: KubeConfig,
  command: Omit<PodCommand, 'hasInput'>,
): Promise<{ readonly end: CommandEnd; readonly stdout: string }> {
  const chunks: Buffer[] = [];
  let size = 0;
  const output: StepOutput = {
    write: (stream, chunk) => {
      size += chunk.length;
      if (stream === 'stdout' && size < 1024 * 1024) chunks.push(Buffer.from(chunk));
    },
    drained: async () => {},
  };
  const running = await execInPod(config, { ...command, hasInput: false }, output);
  const end = await running.ended;
  return { end, stdout: Buffer.concat(chunks).toString() };
}

function pathOf({ namespace, pod, container, command, hasInput, hasTerminal = false }: PodCommand): string {
  const query = new URLSearchParams([
    ['container', container],
    ['stdin', String(hasInput)],
    ['stdout', 'true'],
    ['stderr', String(!hasTerminal)],
    ['tty', String(hasTerminal)],
    ...command.map((word) => ['command', word]),
  ]);
  return `/api/v1/namespaces/${namespace}/pods/${pod}/exec?${query.toString()}`;
}

const execStatus = z.object({
  status: z.string(),
  reason: z.string().optional(),
  message: z.string().optional(),
  details: z
    .object({
      causes: z.array(z.object({ reason: z.string().optional(), message: z.string().optional() })).optional(),
    })
    .optional(),
});

function endOf(bytes: Buffer): CommandEnd {
  const status = execStatus.parse(JSON.parse(bytes.toString()));
  if (status.status === 'Success') return { kind: 'exited', exitCode: 0 };
  const code = status.details?.causes?.find(({ reason }) => reason === 'ExitCode')?.message;
  if (code !== undefined && /^\d+$/.test(code)) return { kind: 'exited', exitCode: Number(code) };
  return { kind: 'not-run', message: status.message ?? status.reason ?? 'the container did not say why' };
}

function lost(event: unknown): never {
  const text = z.looseObject({ message: z.string() }).safeParse(event).data?.message ?? String(event);
  throw new ConnectionLostError(`the API server did not open a connection into the pod: ${text}`);
}
