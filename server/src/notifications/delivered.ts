/** How a try to deliver one message has ended. */
export type Delivered =
  /** `note`: for people, what went wrong all the same, such as one recipient of several who was refused. */
  | { readonly result: 'taken'; readonly note: string | null }
  /** `isFinal`: another try would end the same. */
  | { readonly result: 'refused'; readonly problem: string; readonly isFinal: boolean };

export const refused = (problem: string, isFinal = false): Delivered => ({
  result: 'refused',
  problem,
  isFinal,
});
