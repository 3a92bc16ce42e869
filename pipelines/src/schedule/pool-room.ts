/** Grants when no worker of a pool is known: enough for one that comes to begin at once. */
const blindWindow = 16;
/** Handed out beyond the slots, so that a slot that becomes free has its next stage without asking us. */
const leastAhead = 4;
const mostAhead = 32;

/** How many stages of a pool may be with workers or in their queue at the same time. */
export function poolWindow(slots: number): number {
  if (slots === 0) return blindWindow;
  return slots + Math.min(mostAhead, Math.max(leastAhead, Math.ceil(slots / 2)));
}

export const poolRoom = (slots: number, inUse: number): number => Math.max(0, poolWindow(slots) - inUse);
