import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import { demultiplex } from './multiplexed-stream.ts';

const frame = (stream: 1 | 2, payload: Uint8Array): Buffer => {
  const header = Buffer.alloc(8);
  header.writeUInt8(stream, 0);
  header.writeUInt32BE(payload.length, 4);
  return Buffer.concat([header, payload]);
};

const frames = fc.array(
  fc.record({ stream: fc.constantFrom<1 | 2>(1, 2), payload: fc.uint8Array({ maxLength: 40 }) }),
);

test.prop([frames, fc.integer({ min: 1, max: 50 })])(
  'each stream gets its bytes in order, however the frames are cut',
  async (sent, size) => {
    const bytes = Buffer.concat(sent.map(({ stream, payload }) => frame(stream, payload)));
    const received: Record<'stdout' | 'stderr', Buffer[]> = { stdout: [], stderr: [] };
    await demultiplex(inPieces(bytes, size), {
      write: (stream, chunk) => received[stream].push(Buffer.from(chunk)),
      drained: async () => {},
    });
    const sentTo = (wanted: 1 | 2): Buffer =>
      Buffer.concat(sent.filter(({ stream }) => stream === wanted).map(({ payload }) => payload));
    expect(Buffer.concat(received.stdout).equals(sentTo(1))).toBe(true);
    expect(Buffer.concat(received.stderr).equals(sentTo(2))).toBe(true);
  },
);

async function* inPieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
