// BuildKit's progress as the engine sends it: base64 of `moby.buildkit.v1.StatusResponse` (github.com/moby/buildkit,
// api/services/control/control.proto). dockerode's own decoder flattens it to text and loses which step a line
// belongs to and how long it took.
import { protobufFields } from './protobuf-fields.ts';

export interface BuildkitStatus {
  readonly vertexes: readonly BuildkitVertex[];
  readonly statuses: readonly BuildkitTask[];
  readonly logs: readonly BuildkitLog[];
  readonly warnings: readonly string[];
}

/** One step of the build. Times are milliseconds since the epoch. */
export interface BuildkitVertex {
  readonly digest: string;
  readonly name: string;
  readonly cached: boolean;
  readonly startedAt: number | null;
  readonly completedAt: number | null;
  readonly error: string;
}

/** Something inside a step with its own progress, such as a layer that is pulled. */
export interface BuildkitTask {
  readonly id: string;
  readonly vertex: string;
  readonly total: number;
  readonly isCompleted: boolean;
}

export interface BuildkitLog {
  readonly vertex: string;
  readonly text: Uint8Array;
}

/** Throws on anything that is not such a message. */
export function decodeBuildkitStatus(base64: string): BuildkitStatus {
  const vertexes: BuildkitVertex[] = [];
  const statuses: BuildkitTask[] = [];
  const logs: BuildkitLog[] = [];
  const warnings: string[] = [];
  for (const { number, value } of protobufFields(Buffer.from(base64, 'base64'))) {
    if (typeof value === 'bigint') continue;
    if (number === 1) vertexes.push(decodeVertex(value));
    else if (number === 2) statuses.push(decodeTask(value));
    else if (number === 3) logs.push(decodeLog(value));
    else if (number === 4) warnings.push(decodeWarning(value));
  }
  return { vertexes, statuses, logs, warnings };
}

function decodeVertex(bytes: Uint8Array): BuildkitVertex {
  const fields = fieldsByNumber(bytes);
  return {
    digest: text(fields.get(1)),
    name: text(fields.get(3)),
    cached: number(fields.get(4)) === 1,
    startedAt: timestamp(fields.get(5)),
    completedAt: timestamp(fields.get(6)),
    error: text(fields.get(7)),
  };
}

function decodeTask(bytes: Uint8Array): BuildkitTask {
  const fields = fieldsByNumber(bytes);
  return {
    id: text(fields.get(1)),
    vertex: text(fields.get(2)),
    total: number(fields.get(5)),
    isCompleted: fields.has(8),
  };
}

function decodeLog(bytes: Uint8Array): BuildkitLog {
  const fields = fieldsByNumber(bytes);
  const message = fields.get(4);
  return { vertex: text(fields.get(1)), text: message instanceof Uint8Array ? message : new Uint8Array() };
}

function decodeWarning(bytes: Uint8Array): string {
  return text(fieldsByNumber(bytes).get(3));
}

/** The last one of each number, as protobuf has it for fields that are not repeated. */
function fieldsByNumber(bytes: Uint8Array): Map<number, bigint | Uint8Array> {
  return new Map([...protobufFields(bytes)].map((field) => [field.number, field.value]));
}

function text(value: bigint | Uint8Array | undefined): string {
  return value instanceof Uint8Array ? new TextDecoder().decode(value) : '';
}

function number(value: bigint | Uint8Array | undefined): number {
  return typeof value === 'bigint' ? Number(value) : 0;
}

function timestamp(value: bigint | Uint8Array | undefined): number | null {
  if (!(value instanceof Uint8Array)) return null;
  const fields = fieldsByNumber(value);
  return number(fields.get(1)) * 1_000 + Math.floor(number(fields.get(2)) / 1_000_000);
}
