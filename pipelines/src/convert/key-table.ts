// Which keys a system has, and what becomes of each. The page docs/convert.md is this table.

export type KeyRule =
  /** Notes are added where a value of it cannot be carried over. */
  | { readonly fate: 'carried'; readonly becomes: string }
  | { readonly fate: 'changed'; readonly becomes: string; readonly why: string; readonly whatToDo: string }
  | { readonly fate: 'left-out'; readonly why: string; readonly whatToDo: string };

/** Group (`job`, `step`, `when`) → key → rule. */
export type KeyTable = Readonly<Record<string, Readonly<Record<string, KeyRule>>>>;

export const carried = (becomes: string): KeyRule => ({ fate: 'carried', becomes });
export const changes = (becomes: string, why: string, whatToDo = ''): KeyRule => ({
  fate: 'changed',
  becomes,
  why,
  whatToDo,
});
export const without = (why: string, whatToDo = ''): KeyRule => ({ fate: 'left-out', why, whatToDo });
