// What the credentials of a cluster may not do, in the words of roles.

/** Verbs of one kind of object, or of one object. */
export interface MissingRight {
  /** Empty: the core group. */
  readonly apiGroup: string;
  /** Plural, with its subresource: `pods/status`. */
  readonly resource: string;
  /** Null: all of the namespace. */
  readonly name: string | null;
  readonly verbs: readonly string[];
}

/** `patch services/shop; list pods` */
export const missingInWords = (missing: readonly MissingRight[]): string =>
  missing
    .map(
      ({ verbs, resource, name }) =>
        `${verbs.join(', ')} ${name === null ? resource : `${resource}/${name}`}`,
    )
    .join('; ');

/** Lines of YAML for the `rules` of a Role, one for each. */
export const rulesToAdd = (missing: readonly MissingRight[]): readonly string[] =>
  missing.map(({ apiGroup, resource, name, verbs }) => {
    const names = name === null ? '' : `, resourceNames: [${name}]`;
    const group = apiGroup === '' ? "''" : apiGroup;
    return `- { apiGroups: [${group}], resources: [${resource}]${names}, verbs: [${verbs.join(', ')}] }`;
  });
