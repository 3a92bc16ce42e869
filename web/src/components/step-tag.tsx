import { IconChevronDown, IconChevronRight } from '@tabler/icons-react';
import type { StepState } from '@sluice/pipelines/run/run-state';
import { useMessages } from '../messages/language-context.tsx';
import { StateBadge } from './state-badge.tsx';
import { Duration } from './times.tsx';

export interface StepOfLog {
  readonly index: number;
  readonly name: string;
  /** Null: not known, as in an earlier attempt. */
  readonly state: StepState | null;
}

interface StepTagProps {
  readonly step: StepOfLog;
  readonly isFolded: boolean;
  readonly onFold: () => void;
}

/** Heads the lines of a step: its name, state and duration, and the way to fold it. A running step stays open. */
export function StepTag({ step, isFolded, onFold }: StepTagProps) {
  const t = useMessages();
  const { name, state } = step;
  const Chevron = isFolded ? IconChevronRight : IconChevronDown;
  return (
    <button
      type="button"
      className="log-opens"
      aria-expanded={!isFolded}
      title={isFolded ? t.log.unfold(name) : t.log.fold(name)}
      disabled={state?.status === 'running'}
      onClick={onFold}
    >
      <Chevron size={12} aria-hidden />
      <span className="clip log-opens-name">{name}</span>
      {state !== null && state.status !== 'waiting' && (
        <>
          <StateBadge state={state.status} iconOnly />
          <Duration from={state.startedAt} to={'finishedAt' in state ? state.finishedAt : null} />
        </>
      )}
    </button>
  );
}
