import { memo } from 'react';
import type { NumberedLine } from '@sluice/pipelines/protocol/api';
import { AnsiText } from './ansi-text.tsx';
import { StepTag, type StepOfLog } from './step-tag.tsx';

interface LogLineProps {
  readonly n: number;
  /** Undefined while it is being read. */
  readonly line: NumberedLine | undefined;
  /** Terminal style that earlier lines have left on. */
  readonly style: string;
  /** The step that begins with this line; null: none does. */
  readonly opens: StepOfLog | null;
  /** The lines after this one are folded away. */
  readonly isFolded: boolean;
  readonly onFold: (step: number, line: number) => void;
  readonly isTarget: boolean;
  readonly isMatch: boolean;
  readonly marked: string;
  readonly withTime: boolean;
  readonly linkLabel: string;
  readonly onLink: (n: number) => void;
}

/** One row of a log: its number as a link, its time if wanted, its text. */
export const LogLine = memo(function LogLine(props: LogLineProps) {
  const { n, line, style, opens, isTarget, isMatch, marked, withTime, linkLabel, onLink } = props;
  return (
    <div
      className="log-line"
      data-n={n + 1}
      data-stream={line?.stream}
      data-target={isTarget}
      data-match={isMatch}
      data-opens={opens !== null}
    >
      <a
        className="log-number"
        href={`#L${n + 1}`}
        aria-label={linkLabel}
        tabIndex={-1}
        onClick={(event) => {
          event.preventDefault();
          onLink(n);
        }}
      >
        {n + 1}
      </a>
      {withTime && <span className="log-time">{line === undefined ? '' : sinceStart(line.atMs)}</span>}
      <span className="log-text">
        {line === undefined ? '' : <AnsiText text={style + line.text} marked={marked} />}
      </span>
      {opens !== null && (
        <StepTag step={opens} isFolded={props.isFolded} onFold={() => props.onFold(opens.index, n)} />
      )}
    </div>
  );
});

/** `1:02:03.456` after the start of the attempt. */
function sinceStart(ms: number): string {
  const seconds = Math.floor(ms / 1_000);
  const hours = Math.floor(seconds / 3_600);
  const two = (value: number) => String(value).padStart(2, '0');
  const clock = `${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}.${String(ms % 1_000).padStart(3, '0')}`;
  return hours > 0 ? `${hours}:${clock}` : clock;
}
