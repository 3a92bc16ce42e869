// What the language says about its keys, in one place: the readers take their names from here, and so do the JSON
// Schema of editors, the reference in docs/language.md and the links of diagnostics.

/** A key of a map that the language fixes. */
export interface Key {
  readonly shape: Shape;
  /** One or two sentences, shown by editors: what the key is for, and what to know before it is used. */
  readonly says: string;
  /** The map is not understood without it. */
  readonly required?: true;
  /** What counts where the key is not written, in words or as it would be written. */
  readonly fallback?: string;
  /** Heading of the section of docs/language.md that explains it; absent: that of the map that it stands in. */
  readonly section?: string;
}

export type KeyTable = Readonly<Record<string, Key>>;

/** What may stand behind a key, as far as it can be said without looking at the rest of the file. */
export type Shape =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'boolean' }
  | { readonly kind: 'number'; readonly least: number; readonly most: number; readonly whole: boolean }
  | { readonly kind: 'choice'; readonly choices: readonly string[] }
  | TextShape
  | { readonly kind: 'list'; readonly of: Shape; readonly least: number }
  | { readonly kind: 'one-of'; readonly shapes: readonly Shape[] }
  | MapShape;

export interface TextShape {
  readonly kind: 'text';
  /** For people: `a duration such as 5m`. */
  readonly called: string;
  /** Source of a regular expression that every such text matches. */
  readonly pattern: string;
  readonly examples: readonly string[];
}

export interface MapShape {
  readonly kind: 'map';
  /** For people: `a retry policy`. */
  readonly called: string;
  readonly keys: KeyTable;
  /** What stands behind names that the author chooses; null: there are no such names. */
  readonly others: { readonly shape: Shape; readonly pattern: string } | null;
  readonly rules: MapRules;
}

/** What keys of one map have to do with each other. */
export interface MapRules {
  /** Exactly one of each group is written. */
  readonly exactlyOne?: readonly (readonly string[])[];
  /** At least one of each group is written. */
  readonly atLeastOne?: readonly (readonly string[])[];
  /** Who has this key has these too. */
  readonly together?: Readonly<Record<string, readonly string[]>>;
  /** Who has this key has none of these. */
  readonly conflicts?: Readonly<Record<string, readonly string[]>>;
  /** At least one entry. */
  readonly notEmpty?: true;
}

/** The names of a table, in its order, as the readers take them. */
export const namesOf = (table: KeyTable): readonly string[] => Object.keys(table);
