// Where the steps of a wave wait without using the processor: they open a named pipe that nobody writes.
import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdirSync, openSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

export interface Gate extends Disposable {
  /** Steps that have come so far. */
  readonly arrived: () => number;
  /** Lets through who waits and whoever comes, until the gate is disposed of. */
  readonly open: () => void;
}

/** A step writes `<folder>/arrived/<its run>` and then opens `<folder>/gate` for reading, which waits. */
export function closeGate(folder: string): Gate {
  const [pipe, arrived] = [join(folder, 'gate'), join(folder, 'arrived')];
  execFileSync('mkfifo', ['--mode=666', pipe]);
  mkdirSync(arrived);
  let writer: number | null = null;
  const open = (): void => {
    writer ??= openSync(pipe, constants.O_RDWR); // for writing alone would wait for a reader
  };
  return {
    arrived: () => readdirSync(arrived).length,
    open,
    [Symbol.dispose]: () => {
      open();
      if (writer !== null) closeSync(writer);
      for (const path of [pipe, arrived]) rmSync(path, { recursive: true, force: true });
    },
  };
}
