import type { Result } from '../../result.ts';
import type { EnvValue, InputDefinition, StageDefinition, Template, UsedTemplate } from '../definition.ts';

/** A template file after parsing: stages with everything of the file that they use. */
export interface TemplateDefinition {
  readonly source: Omit<UsedTemplate, 'use'>;
  /** What the version behind @ is; a branch is another commit tomorrow. */
  readonly version: TemplateVersion;
  readonly inputs: Readonly<Record<string, InputDefinition>>;
  /** Names that its stages use; whoever uses the template says which secrets they are. */
  readonly secrets: readonly string[];
  readonly env: Readonly<Record<string, EnvValue>>;
  /** Those of templates that it uses itself are among them. */
  readonly stages: readonly StageDefinition[];
  readonly outputs: Readonly<Record<string, Template>>;
  /** Inputs that stand in the text of a command, where a shell reads them. */
  readonly pasted: ReadonlySet<string>;
}

/** `none`: a file of the same repository, at the same commit. */
export type TemplateVersion = 'tag' | 'commit' | 'branch' | 'none';

/** What was read for a name, by whoever can read it. */
export type TemplateAnswer =
  | {
      readonly kind: 'found';
      readonly text: string;
      /** Null: that of the pipeline. */
      readonly repository: string | null;
      readonly path: string;
      readonly commit: string | null;
      readonly version: TemplateVersion;
    }
  /** `why` goes on after the name: `is not there. …` */
  | { readonly kind: 'refused'; readonly why: string };

/** The templates of one plan, each read once. */
export interface TemplateShelf {
  readonly take: (written: string, place: TemplatePlace) => Result<TemplateDefinition, TemplateFault>;
}

export interface TemplateFault {
  readonly code: string;
  /** For people, after `use`. */
  readonly message: string;
}

export type TemplateName =
  /** From the root of the repository that names it. */
  | { readonly kind: 'local'; readonly path: string }
  /** `address` is the repository and the path in it: which is which, knows who has the repositories. */
  | { readonly kind: 'remote'; readonly address: string; readonly ref: string };

/** Where the file stands that names a template; null: in the repository of the pipeline. */
export interface TemplatePlace {
  readonly file: string;
  readonly remote: { readonly repository: string; readonly commit: string } | null;
}
