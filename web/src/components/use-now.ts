import { useSyncExternalStore } from 'react';

// One clock for the page: relative times all change together, and only while somebody looks.
const listeners = new Set<() => void>();
let now = Date.now();
let timer: number | undefined;

/** The time in milliseconds, renewed every second while `ticking` and otherwise when the component is drawn. */
export function useNow(ticking = true): number {
  return useSyncExternalStore(ticking ? subscribe : neverChanges, readClock);
}

function subscribe(listener: () => void): () => void {
  if (listeners.size === 0) timer = window.setInterval(tick, 1_000);
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) window.clearInterval(timer);
  };
}

function tick(): void {
  if (document.hidden) return;
  now = Date.now();
  for (const listener of listeners) listener();
}

function readClock(): number {
  if (listeners.size === 0 && Date.now() - now > 1_000) now = Date.now();
  return now;
}

const neverChanges = () => () => {};
