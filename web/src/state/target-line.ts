/** The line that an address's `#L123` names, counted from 0; null when it names none. */
export function readTargetLine(hash: string): number | null {
  const match = /^#L([1-9]\d{0,11})$/.exec(hash);
  return match === null ? null : Number(match[1]) - 1;
}
