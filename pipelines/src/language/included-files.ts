// What is read of a repository beside a pipeline file.

export interface FileText {
  /** From the repository's root; messages begin with it. */
  readonly file: string;
  readonly text: string;
}

/** What a pattern of `include` stands for. */
export type IncludeAnswer =
  | { readonly kind: 'found'; readonly files: readonly FileText[] }
  /** `why` goes on after the pattern: `is not there. …` */
  | { readonly kind: 'refused'; readonly why: string };
