// What BuildKit asks of its client during a build, over a connection beside it: gRPC by way of HTTP/2, in which the
// engine is the client and we serve (github.com/moby/buildkit, session/).
import { performServerHandshake, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import { randomUUID } from 'node:crypto';
import { Duplex } from 'node:stream';
import type Docker from 'dockerode';
import { protobufFields } from './protobuf-fields.ts';

export interface BuildSession extends AsyncDisposable {
  /** For the build that may ask. */
  readonly id: string;
}

/**
 * Answers BuildKit until it is disposed of. `secrets` (id → value) are given to `RUN --mount=type=secret,id=…` alone:
 * they are in memory on both sides, and in no layer, history or cache of the image.
 */
export async function openBuildSession(
  docker: Docker,
  secrets: Readonly<Record<string, string>>,
): Promise<BuildSession> {
  const id = randomUUID();
  const connection = await connect(docker, id);
  const session = performServerHandshake(connection);
  // A cut is the build's to tell: it fails without its session.
  session.on('error', () => connection.destroy());
  serve(session, {
    // Without an answer to this one, the engine gives the session up after a second.
    '/grpc.health.v1.Health/Check': () => serving,
    // No credentials: base images from private registries have been pulled before the build.
    '/moby.filesync.v1.Auth/Credentials': () => nothing,
    '/moby.buildkit.secrets.v1.Secrets/GetSecret': (request) => {
      const wanted = stringField(request, 1);
      return Object.hasOwn(secrets, wanted) ? bytesField(1, Buffer.from(secrets[wanted] ?? '')) : null;
    },
  });
  return {
    id,
    [Symbol.asyncDispose]: async () => {
      session.destroy();
      connection.destroy();
    },
  };
}

async function connect(docker: Docker, id: string): Promise<Duplex> {
  const request = {
    method: 'POST',
    path: '/session',
    hijack: true,
    headers: {
      Upgrade: 'h2c',
      'X-Docker-Expose-Session-Uuid': id,
      'X-Docker-Expose-Session-Name': 'sluice',
      'X-Docker-Expose-Session-Grpc-Method': '/moby.buildkit.secrets.v1.Secrets/GetSecret',
    },
    statusCodes: { 200: true, 500: 'server error' },
  };
  return new Promise((resolve, reject) => {
    docker.modem.dial(request, (error, data) => {
      if (data instanceof Duplex) resolve(data);
      else reject(error instanceof Error ? error : new Error('the engine opened no session for the build'));
    });
  });
}

/** Answers one call; null: what is asked for is not there. */
type Answer = (request: Uint8Array) => Uint8Array | null;

function serve(session: ServerHttp2Session, answers: Readonly<Record<string, Answer>>): void {
  session.on('stream', (stream, headers) => {
    const path = headers[':path'] ?? '';
    const answer = Object.hasOwn(answers, path) ? answers[path] : undefined;
    const chunks: Buffer[] = [];
    stream.on('error', () => stream.destroy());
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('end', () => {
      if (answer === undefined) return end(stream, status.unimplemented);
      const reply = answer(Buffer.concat(chunks).subarray(prefixBytes));
      if (reply === null) return end(stream, status.notFound);
      end(stream, status.ok, reply);
    });
  });
}

const status = { ok: '0', notFound: '5', unimplemented: '12' } as const;

/** Before each message: whether it is compressed, and its length. */
const prefixBytes = 5;

function end(stream: ServerHttp2Stream, code: string, message?: Uint8Array): void {
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': code }));
  if (message === undefined) {
    stream.end();
    return;
  }
  const prefix = Buffer.alloc(prefixBytes);
  prefix.writeUInt32BE(message.byteLength, 1);
  stream.end(Buffer.concat([prefix, message]));
}

const nothing = new Uint8Array();
/** `HealthCheckResponse { status: SERVING }` */
const serving = Uint8Array.of(8, 1);

function stringField(message: Uint8Array, wanted: number): string {
  const field = [...protobufFields(message)].findLast(({ number }) => number === wanted);
  return field?.value instanceof Uint8Array ? new TextDecoder().decode(field.value) : '';
}

function bytesField(number: number, value: Uint8Array): Uint8Array {
  const length: number[] = [];
  for (let rest = value.byteLength; ; rest >>>= 7) {
    if (rest < 0x80) {
      length.push(rest);
      break;
    }
    length.push((rest & 0x7f) | 0x80);
  }
  return Buffer.concat([Uint8Array.of((number << 3) | 2, ...length), value]);
}
