// The log of one attempt: bytes → masked → lines → numbered records in the spool. Events of steps go through the
// same sequence, so the end of a step never overtakes its last line.
import type { LogLine } from '@sluice/pipelines/protocol/worker-api';
import type { StageOutcome } from '@sluice/pipelines/run/run-state';
import type { StageLog } from '../stages/stage-runner.ts';
import { noHistory, type AttemptHistory } from '../stages/attempt-history.ts';
import type { Spool } from '../spool/spool.ts';
import { createLineSplitter } from './line-splitter.ts';
import type { Mask } from './mask.ts';

export interface AttemptLog extends StageLog {
  /** Resolves when all that was written so far, but a line without its end, is in the spool's file. */
  readonly kept: () => Promise<void>;
  /** The last record, with the count and digest of all lines. Nothing may be written afterwards. */
  readonly finish: (outcome: StageOutcome) => void;
  /** Forgets what was not yet put into the spool, for an attempt that is no longer ours. */
  readonly drop: () => void;
}

/** A record holds at most so much; lines wait at most `delayMs` for others to share their record. */
const recordLimit = { lines: 10_000, characters: 256 * 1024, delayMs: 25 };

/**
 * `startedAt`: lines have their times from there. With a history the log goes on where it ends: the output of its open
 * step is expected once more from its first byte, and what is numbered already is left out.
 */
export function createAttemptLog(
  spool: Spool,
  mask: Mask,
  now: () => number,
  startedAt: number = now(),
  history: AttemptHistory = noHistory(),
): AttemptLog {
  const { digest } = history;
  const toSkip = { o: history.openStep?.stdoutLines ?? 0, e: history.openStep?.stderrLines ?? 0 };
  let lines: LogLine[] = [];
  let characters = 0;
  let logLines = history.lineCount;
  let step = history.openStep?.index ?? -1;
  let isFirst = true;
  let timer: NodeJS.Timeout | null = null;

  const flush = (): void => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    if (lines.length === 0) return;
    spool.append({ kind: 'log', step, firstLine: logLines - lines.length, lines });
    isFirst = false;
    lines = [];
    characters = 0;
  };
  const add = (stream: LogLine[1], text: string): void => {
    lines.push([Math.max(0, now() - startedAt), stream, text]);
    digest.add(text);
    logLines += 1;
    characters += text.length;
    if (isFirst || lines.length >= recordLimit.lines || characters >= recordLimit.characters) flush();
    else timer ??= setTimeout(flush, recordLimit.delayMs);
  };
  const addOutput = (letter: 'o' | 'e', text: string): void => {
    if (toSkip[letter] === 0) add(letter, text);
    else toSkip[letter] -= 1;
  };
  const open = (letter: 'o' | 'e'): { write: (chunk: Uint8Array) => void; end: () => void } => {
    const masked = mask.stream();
    const splitter = createLineSplitter((line) => addOutput(letter, line));
    return {
      write: (chunk) => splitter.write(masked.write(chunk)),
      end: () => {
        splitter.write(masked.end());
        splitter.end();
      },
    };
  };
  const streams = { stdout: open('o'), stderr: open('e') };
  const endStreams = (): void => {
    streams.stdout.end();
    streams.stderr.end();
    flush();
  };

  return {
    write: (stream, chunk) => streams[stream].write(chunk),
    say: (text) => {
      for (const line of mask.redact(text).split(/\r?\n/)) add('s', line.replaceAll('\0', '\uFFFD'));
    },
    stepStarted: (index, number = 1) => {
      endStreams();
      toSkip.o = toSkip.e = 0;
      step = index;
      spool.append({ kind: 'step-started', step, try: { number, firstLine: logLines }, at: now() });
    },
    stepFinished: (index, result, exitCode, failed = null) => {
      endStreams();
      toSkip.o = toSkip.e = 0;
      const failure = failed && { ...failed, message: mask.redact(failed.message) };
      spool.append({ kind: 'step-finished', step: index, result, exitCode, failure, at: now() });
      step = -1;
    },
    drained: spool.drained,
    kept: async () => {
      flush();
      await spool.written();
    },
    finish: (outcome) => {
      endStreams();
      spool.append({ kind: 'finished', outcome, logLines, logDigest: digest.finish(), at: now() });
    },
    drop: () => {
      if (timer !== null) clearTimeout(timer);
      timer = null;
      lines = [];
    },
  };
}
