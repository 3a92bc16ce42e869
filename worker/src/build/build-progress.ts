// BuildKit's progress as lines that people read, in the way of `docker build --progress=plain`:
//
//   #3 [2/4] RUN npm ci
//   #3 added 120 packages
//   #3 done 4.1s
//   #4 [3/4] COPY . .
//   #4 CACHED
import { readableBytes } from '../stages/readable-bytes.ts';
import type { BuildkitStatus, BuildkitVertex } from './buildkit-status.ts';

export interface BuildProgress {
  /** The new lines. */
  readonly accept: (status: BuildkitStatus) => readonly string[];
  /** Output that did not end in a line feed; call once, at the end. */
  readonly end: () => readonly string[];
  /** The step that failed, with the last lines of its output. */
  readonly failure: () => FailedStep | null;
}

export interface FailedStep {
  /** As BuildKit names it: `[2/4] RUN npm ci`. */
  readonly name: string;
  readonly error: string;
  readonly lastLines: readonly string[];
}

/** Lines of a failed step's output that its failure message repeats. */
const keptLines = 10;
/** Steps of BuildKit's own that tell an author nothing. */
const hidden = /^(\[internal\] load remote build context|copy \/context \/)$/;

export function createBuildProgress(): BuildProgress {
  const steps = new Map<string, Step>();
  const seenTasks = new Set<string>();
  let failure: Step | null = null;

  const stepOf = (digest: string): Step => {
    const known = steps.get(digest);
    if (known) return known;
    const step: Step = { number: 0, name: '', error: '', isOver: false, output: splitLines(), lastLines: [] };
    steps.set(digest, step);
    return step;
  };
  let numbered = 0;

  const acceptVertex = (vertex: BuildkitVertex): readonly string[] => {
    const step = stepOf(vertex.digest);
    if (hidden.test(vertex.name)) step.isOver = true;
    if (step.isOver || (vertex.startedAt === null && !vertex.cached)) return [];
    const lines: string[] = [];
    if (step.number === 0) {
      step.number = ++numbered;
      step.name = vertex.name;
      lines.push(`#${step.number} ${vertex.name}`);
    }
    if (vertex.completedAt !== null || vertex.error !== '') {
      step.isOver = true;
      step.error = vertex.error;
      if (vertex.error !== '') failure ??= step;
      lines.push(...flush(step), `#${step.number} ${ending(vertex)}`);
    }
    return lines;
  };

  return {
    accept: (status) => [
      ...status.vertexes.flatMap(acceptVertex),
      ...status.statuses.flatMap((task) => {
        const step = stepOf(task.vertex);
        const key = `${task.vertex} ${task.id}`;
        if (!task.isCompleted || seenTasks.has(key) || step.number === 0 || step.isOver) return [];
        seenTasks.add(key);
        return [`#${step.number} ${task.id}${task.total > 0 ? ` ${readableBytes(task.total)}` : ''} done`];
      }),
      ...status.logs.flatMap((log) => {
        const step = stepOf(log.vertex);
        return remember(step, step.output.push(log.text));
      }),
      ...status.warnings.map((warning) => `warning: ${warning}`),
    ],
    end: () => [...steps.values()].flatMap(flush),
    failure: () =>
      failure === null ? null : { name: failure.name, error: failure.error, lastLines: failure.lastLines },
  };
}

interface Step {
  /** 0 until it has started. */
  number: number;
  name: string;
  error: string;
  isOver: boolean;
  readonly output: LineSplitter;
  lastLines: readonly string[];
}

function remember(step: Step, lines: readonly string[]): readonly string[] {
  step.lastLines = [...step.lastLines, ...lines].slice(-keptLines);
  return lines.map((line) => `#${step.number} ${line}`);
}

const flush = (step: Step): readonly string[] => remember(step, step.output.end());

function ending(vertex: BuildkitVertex): string {
  if (vertex.error !== '') return `ERROR: ${vertex.error}`;
  if (vertex.cached) return 'CACHED';
  const ms = (vertex.completedAt ?? 0) - (vertex.startedAt ?? 0);
  return `done ${(Math.max(0, ms) / 1_000).toFixed(1)}s`;
}

interface LineSplitter {
  readonly push: (chunk: Uint8Array) => readonly string[];
  readonly end: () => readonly string[];
}

function splitLines(): LineSplitter {
  const decoder = new TextDecoder();
  let rest = '';
  return {
    push: (chunk) => {
      const parts = (rest + decoder.decode(chunk, { stream: true })).split('\n');
      rest = parts.pop() ?? '';
      return parts.map(lastDrawn);
    },
    end: () => {
      const last = rest + decoder.decode();
      rest = '';
      return last === '' ? [] : [lastDrawn(last)];
    },
  };
}

/** What a terminal would show of a line that is drawn again after carriage returns. */
const lastDrawn = (line: string): string => line.split('\r').findLast((part) => part !== '') ?? '';
