import { useMessages } from '../messages/language-context.tsx';
import type { StateName } from '../state/state-name.ts';
import { stateColor, stateIcons } from './state-look.ts';
import './state-badge.css';

interface StateBadgeProps {
  readonly state: StateName;
  /** Only the icon; the word stays for screen readers. */
  readonly iconOnly?: boolean;
  readonly size?: 'small' | 'large';
}

/** A state as it looks everywhere: one colour, one icon, one word. */
export function StateBadge({ state, iconOnly = false, size = 'small' }: StateBadgeProps) {
  const t = useMessages();
  const Icon = stateIcons[state];
  return (
    <span
      className={`state-badge ${size}`}
      data-state={state}
      style={{ color: stateColor(state) }}
      title={`${t.states[state]}: ${t.stateMeans[state]}`}
    >
      <Icon size={size === 'large' ? 20 : 15} stroke={2} aria-hidden />
      <span className={iconOnly ? 'visually-hidden' : undefined}>{t.states[state]}</span>
    </span>
  );
}
