import type { RunView } from './run-view.ts';

/**
 * Each event of the run as a line of JSON, as a server stores it; lines of logs between them as
 * `{"kind":"log","stage":"test","step":0,"lines":[[12,"o","text"]]}`.
 */
export function jsonView(write: (text: string) => void): RunView {
  const tell = (value: unknown): void => write(`${JSON.stringify(value)}\n`);
  return {
    event: tell,
    log: (stage, step, lines) => tell({ kind: 'log', stage, step, lines }),
    say: (line) => tell({ kind: 'note', message: line }),
    pause: () => {},
    resume: () => {},
    close: (picture) => {
      if (picture === null) return;
      const { status, startedAt, finishedAt, stages } = picture.state;
      tell({ kind: 'run-finished', status, startedAt, finishedAt, stages });
    },
  };
}
