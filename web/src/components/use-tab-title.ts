import { useEffect } from 'react';
import type { StateName } from '../state/state-name.ts';

/** One character a state: all that a narrow tab shows. */
const marks = {
  waiting: '○',
  queued: '○',
  retrying: '↻',
  running: '●',
  'awaiting-approval': '✋',
  succeeded: '✓',
  failed: '✗',
  cancelled: '⊘',
  skipped: '–',
  held: '‖',
  'rolling-back': '↩',
  'rolled-back': '↩',
} as const satisfies Record<StateName, string>;

/** `✓ #2 hello` in the tab, with the state's colour on the icon, as long as the component is shown. */
export function useTabTitle(shown: { readonly state: StateName; readonly text: string } | null): void {
  const state = shown?.state ?? null;
  const text = shown?.text ?? '';
  useEffect(() => {
    if (state === null) return;
    document.title = `${marks[state]} ${text}`;
    const icon = document.querySelector<HTMLLinkElement>('link[rel="icon"]');
    const plain = icon?.href;
    const style = window.getComputedStyle(document.documentElement);
    if (icon !== null) icon.href = dotIcon(style.getPropertyValue(`--state-${state}`).trim());
    return () => {
      document.title = 'Sluice';
      if (icon !== null && plain !== undefined) icon.href = plain;
    };
  }, [state, text]);
}

/** A gate, as on the product's icon, with a dot of the state's colour. */
function dotIcon(color: string): string {
  const drawing =
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#0b6b75"/>' +
    '<path d="M7 8v16M25 8v16M11.5 9v7h9V9" fill="none" stroke="#fff" stroke-width="2.6" stroke-linecap="round"/>' +
    `<circle cx="23" cy="23" r="8" fill="${color}" stroke="#fff" stroke-width="2"/></svg>`;
  return `data:image/svg+xml,${encodeURIComponent(drawing)}`;
}
