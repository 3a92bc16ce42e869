import { createHash } from 'node:crypto';
import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import type { WorkerRecord } from '@sluice/pipelines/protocol/worker-api';
import type { NewRecord, Spool } from '../spool/spool.ts';
import { historyOf } from '../stages/attempt-history.ts';
import { createAttemptLog } from './attempt-log.ts';
import { createMask } from './mask.ts';

const output = fc.array(
  fc.tuple(
    fc.constantFrom<'stdout' | 'stderr'>('stdout', 'stderr'),
    fc.constantFrom('a', 'bc\n', 'secret', 'sec', 'ret\n', '\n', 'x\ny', '\r\n', 'é'),
  ),
  { maxLength: 25 },
);

test.prop([output, fc.nat(40), fc.nat(40)])(
  'a log that a killed process left is continued with every line once, wherever it was cut',
  (chunks, recordsKept, size) => {
    const mask = createMask({ token: 'secret' });
    const first = keepingSpool([]);
    const log = createAttemptLog(first.spool, mask, () => 5, 5);
    log.stepStarted(0);
    for (const [stream, text] of chunks) log.write(stream, Buffer.from(text));
    log.drop(); // the process is killed here
    const kept = first.records.slice(0, 1 + (recordsKept % first.records.length));

    const second = keepingSpool(kept);
    const history = historyOf(kept);
    if (history === null) throw new Error('no history');
    const again = createAttemptLog(second.spool, mask, () => 6, 5, history);
    for (const wanted of ['stdout', 'stderr'] as const) {
      const text = chunks.map(([stream, part]) => (stream === wanted ? part : '')).join('');
      const bytes = Buffer.from(text);
      const step = 1 + (size % 7);
      for (let at = 0; at < bytes.length; at += step) again.write(wanted, bytes.subarray(at, at + step));
    }
    again.stepFinished(0, 'succeeded', 0);
    again.finish({ result: 'succeeded', outputs: {} });

    const lines = second.records.flatMap((record) => (record.kind === 'log' ? record.lines : []));
    for (const [letter, wanted] of [
      ['o', 'stdout'],
      ['e', 'stderr'],
    ] as const) {
      const text = chunks.map(([stream, part]) => (stream === wanted ? part : '')).join('');
      const expected = text.replaceAll('secret', '***').split(/\r?\n/);
      if (expected.at(-1) === '') expected.pop();
      expect(lines.filter(([, stream]) => stream === letter).map(([, , line]) => line)).toEqual(expected);
    }
    const digest = createHash('sha256');
    for (const [, , line] of lines) digest.update(`${line}\n`);
    expect(second.records.at(-1)).toMatchObject({
      number: second.records.length,
      logLines: lines.length,
      logDigest: digest.digest('hex'),
    });
  },
);

function keepingSpool(earlier: readonly WorkerRecord[]): { spool: Spool; records: WorkerRecord[] } {
  const records = [...earlier];
  const append = (record: NewRecord): void => void records.push({ ...record, number: records.length + 1 });
  const spool: Spool = {
    header: { attemptId: '', fence: 1 },
    append,
    pending: () => [],
    written: async () => {},
    acknowledge: () => {},
    changed: async () => {},
    unacknowledged: () => 0,
    drained: async () => {},
    close: async () => {},
  };
  return { spool, records };
}
