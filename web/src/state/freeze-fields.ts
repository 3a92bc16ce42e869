// The form of an environment's freeze windows: texts as they are typed.
import type { FreezeRules, FreezeRulesText, FreezeWindow } from '@sluice/pipelines/freeze/freeze-rules';

export interface WindowFields extends Omit<FreezeWindow, 'duration'> {
  readonly duration: string;
}

export interface FreezeFields {
  readonly windows: readonly WindowFields[];
  readonly starts: FreezeRules['starts'];
  readonly breakGlass: string;
}

export function freezeFields({ windows, starts, breakGlass }: FreezeRules): FreezeFields {
  return {
    windows: windows.map((window) => ({ ...window, duration: durationText(window.duration) })),
    starts,
    breakGlass: breakGlass.join(', '),
  };
}

/** What the server checks, and says by its place what is wrong. */
export function readFreeze({ windows, starts, breakGlass }: FreezeFields): FreezeRulesText {
  return {
    windows: [...windows],
    starts,
    breakGlass: breakGlass
      .split(',')
      .map((name) => name.trim())
      .filter(Boolean),
  };
}

export const newWindow = (timezone: string): WindowFields => ({
  name: '',
  kind: 'deny',
  cron: '0 18 * * FRI',
  duration: '62h',
  timezone,
  reason: '',
});

const units = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
  ['ms', 1],
] as const;

/** `62h`, `1h30m`: days only where it is whole days. */
export function durationText(ms: number): string {
  let rest = ms;
  const parts = (rest % 86_400_000 === 0 ? units : units.slice(1)).map(([unit, length]) => {
    const count = Math.floor(rest / length);
    rest -= count * length;
    return count === 0 ? '' : `${count}${unit}`;
  });
  return parts.join('');
}
