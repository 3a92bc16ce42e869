// The Docker engine sends stdout and stderr on one connection, in frames: one byte of stream number, three zeros,
// four bytes of length (big endian), the bytes. Frames may be cut anywhere.
import type { StepOutput } from '../executor.ts';

/** Passes all of `source` on, in order, waiting where `output` asks for it. Resolves at the source's end. */
export async function demultiplex(source: AsyncIterable<Buffer>, output: StepOutput): Promise<void> {
  let header = Buffer.alloc(0);
  let stream: 'stdout' | 'stderr' = 'stdout';
  let left = 0;
  for await (const chunk of source) {
    let at = 0;
    while (at < chunk.length) {
      if (left > 0) {
        const end = Math.min(chunk.length, at + left);
        output.write(stream, chunk.subarray(at, end));
        left -= end - at;
        at = end;
        continue;
      }
      const end = Math.min(chunk.length, at + headerBytes - header.length);
      header = Buffer.concat([header, chunk.subarray(at, end)]);
      at = end;
      if (header.length < headerBytes) break;
      stream = header[0] === 2 ? 'stderr' : 'stdout';
      left = header.readUInt32BE(4);
      header = Buffer.alloc(0);
    }
    await output.drained();
  }
}

const headerBytes = 8;
