import type { AttemptPast, PastChunk, WorkerRecord } from '@sluice/pipelines/protocol/worker-api';
import { createLogDigest, type LogDigest } from '../logs/log-digest.ts';

/** What an attempt's spool, or the server, says has happened: the truth about which lines have a number already. */
export interface AttemptHistory {
  readonly lineCount: number;
  /** Of those lines; whoever goes on adds to it. */
  readonly digest: LogDigest;
  /** Number of the last record. */
  readonly records: number;
  readonly endedSteps: ReadonlySet<number>;
  /** The step under way, with the lines of its own output that are numbered. */
  readonly openStep: OpenStep | null;
}

export interface OpenStep {
  readonly index: number;
  /** Which try of it, from 1: each begins with a record. Null: a worker of an earlier version had it. */
  readonly try: number | null;
  /** Milliseconds since the epoch, of this try. */
  readonly startedAt: number;
  readonly stdoutLines: number;
  readonly stderrLines: number;
}

export const noHistory = (): AttemptHistory => ({
  lineCount: 0,
  digest: createLogDigest(),
  records: 0,
  endedSteps: new Set(),
  openStep: null,
});

/** Null when the spool does not begin with the first record: it was cut after the server had acknowledged a lot. */
export function historyOf(records: readonly WorkerRecord[]): AttemptHistory | null {
  if (records.some((record, at) => record.number !== at + 1)) return null;
  const digest = createLogDigest();
  let lineCount = 0;
  const endedSteps = new Set<number>();
  let openStep: OpenStep | null = null;
  for (const record of records) {
    if (record.kind === 'log') {
      for (const [, , text] of record.lines) digest.add(text);
      lineCount += record.lines.length;
      if (openStep !== null) openStep = withLines(openStep, record.lines);
    } else if (record.kind === 'step-started') {
      const number: number = openStep?.index === record.step ? (openStep.try ?? 1) + 1 : 1;
      openStep = { index: record.step, try: number, startedAt: record.at, stdoutLines: 0, stderrLines: 0 };
    } else if (record.kind === 'step-finished') {
      endedSteps.add(record.step);
      openStep = null;
    }
  }
  return { lineCount, digest, records: records.length, endedSteps, openStep };
}

/** The history of an attempt that another worker had, by what the server has of it. Rejects when lines are missing. */
export async function historyFromPast(
  past: AttemptPast,
  chunks: AsyncIterable<PastChunk>,
): Promise<AttemptHistory> {
  const digest = createLogDigest();
  let lineCount = 0;
  const newest = past.openStep?.try;
  let openStep = openStepOf(past);
  for await (const { step, lines } of chunks) {
    for (const [, , text] of lines) digest.add(text);
    const ofTry = lines.slice(Math.max(0, (newest?.firstLine ?? 0) - lineCount));
    lineCount += lines.length;
    if (openStep !== null && step === openStep.index) openStep = withLines(openStep, ofTry);
  }
  if (lineCount !== past.lines) {
    throw new IncompletePastError(`the server sent ${lineCount} of ${past.lines} lines of the log`);
  }
  const { records, endedSteps } = past;
  return { lineCount, digest, records, endedSteps: new Set(endedSteps), openStep };
}

function openStepOf({ openStep }: AttemptPast): OpenStep | null {
  if (openStep === null) return null;
  const { index, startedAt } = openStep;
  return { index, try: openStep.try?.number ?? null, startedAt, stdoutLines: 0, stderrLines: 0 };
}

/** Thrown when fewer lines came than the server has: the connection was cut. */
export class IncompletePastError extends Error {
  override readonly name = 'IncompletePastError';
}

function withLines(step: OpenStep, lines: PastChunk['lines']): OpenStep {
  const count = (letter: 'o' | 'e'): number => lines.filter(([, stream]) => stream === letter).length;
  return {
    ...step,
    stdoutLines: step.stdoutLines + count('o'),
    stderrLines: step.stderrLines + count('e'),
  };
}
