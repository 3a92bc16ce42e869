import { useEffect, useRef } from 'react';

/** Key, or two keys typed one after the other with a space between: `g r`. */
export type Shortcuts = Readonly<Record<string, () => void>>;

const sequenceMs = 1_000;

/** Listens on the whole page, except while somebody types or a dialog is open. */
export function useShortcuts(shortcuts: Shortcuts): void {
  const current = useRef(shortcuts);
  useEffect(() => {
    current.current = shortcuts;
  });
  useEffect(() => {
    let first = { key: '', at: -Infinity };
    const onKey = (event: KeyboardEvent) => {
      if (isTyping(event)) return;
      const sequence = event.timeStamp - first.at < sequenceMs ? `${first.key} ${event.key}` : '';
      const run = current.current[sequence] ?? current.current[event.key];
      first = { key: event.key, at: event.timeStamp };
      if (run === undefined) return;
      event.preventDefault();
      run();
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, []);
}

function isTyping(event: KeyboardEvent): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return true;
  if (document.querySelector('[role="dialog"]') !== null) return true;
  return event.target instanceof HTMLElement && event.target.closest('input, textarea, select') !== null;
}
