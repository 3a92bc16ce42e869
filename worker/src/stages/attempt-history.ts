import type { WorkerRecord } from '@sluice/pipelines/protocol/worker-api';

/** What an attempt's spool says has happened: the truth about which lines have a number already. */
export interface AttemptHistory {
  readonly lines: readonly string[];
  /** Number of the last record. */
  readonly records: number;
  readonly endedSteps: ReadonlySet<number>;
  /** The step under way, with the lines of its own output that are numbered. */
  readonly openStep: OpenStep | null;
}

export interface OpenStep {
  readonly index: number;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly stdoutLines: number;
  readonly stderrLines: number;
}

export const noHistory: AttemptHistory = { lines: [], records: 0, endedSteps: new Set(), openStep: null };

/** Null when the spool does not begin with the first record: it was cut after the server had acknowledged a lot. */
export function historyOf(records: readonly WorkerRecord[]): AttemptHistory | null {
  if (records.some((record, at) => record.number !== at + 1)) return null;
  const lines: string[] = [];
  const endedSteps = new Set<number>();
  let openStep: OpenStep | null = null;
  for (const record of records) {
    if (record.kind === 'log') {
      for (const [, , text] of record.lines) lines.push(text);
      if (openStep !== null) openStep = withLines(openStep, record);
    } else if (record.kind === 'step-started') {
      openStep = { index: record.step, startedAt: record.at, stdoutLines: 0, stderrLines: 0 };
    } else if (record.kind === 'step-finished') {
      endedSteps.add(record.step);
      openStep = null;
    }
  }
  return { lines, records: records.length, endedSteps, openStep };
}

function withLines(step: OpenStep, { lines }: Extract<WorkerRecord, { kind: 'log' }>): OpenStep {
  const count = (letter: 'o' | 'e'): number => lines.filter(([, stream]) => stream === letter).length;
  return {
    ...step,
    stdoutLines: step.stdoutLines + count('o'),
    stderrLines: step.stderrLines + count('e'),
  };
}
