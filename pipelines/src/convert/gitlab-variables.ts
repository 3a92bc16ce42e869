// GitLab's own variables → our expressions, and `$NAME` in values → text or expressions.
import { escapeTemplate } from '../language/expression/template.ts';
import { quoted } from './names.ts';

const refName = "event == 'tag' ? tag : branch";

/** In GitLab's own words, which scripts compare. */
const sourceName =
  "event == 'pull_request' ? 'merge_request_event' : event == 'manual' ? 'web' : event == 'tag' ? 'push' : event";

/** Name → CEL. */
export const predefined: Readonly<Record<string, string>> = {
  CI_COMMIT_SHA: 'commit.sha',
  CI_COMMIT_SHORT_SHA: 'commit.short',
  CI_COMMIT_BRANCH: 'branch',
  CI_COMMIT_REF_NAME: refName,
  CI_COMMIT_REF_SLUG: refName,
  CI_COMMIT_TAG: 'tag',
  CI_COMMIT_MESSAGE: 'commit.message',
  CI_COMMIT_TITLE: 'commit.message',
  CI_COMMIT_AUTHOR: 'commit.author',
  CI_BUILD_REF: 'commit.sha',
  CI_BUILD_REF_NAME: refName,
  CI_BUILD_TAG: 'tag',
  CI_PROJECT_PATH: 'repository',
  CI_PIPELINE_ID: 'run.id',
  CI_PIPELINE_IID: 'run.number',
  CI_JOB_ID: 'run.id',
  CI_PIPELINE_SOURCE: sourceName,
  CI_MERGE_REQUEST_IID: 'pull_request.number',
  CI_MERGE_REQUEST_TITLE: 'pull_request.title',
  CI_MERGE_REQUEST_SOURCE_BRANCH_NAME: 'branch',
  CI_MERGE_REQUEST_TARGET_BRANCH_NAME: 'pull_request.target_branch',
};

/** Name → the text that it always is here. */
export const fixedValues: Readonly<Record<string, string>> = {
  CI_DEFAULT_BRANCH: 'main',
  CI_PROJECT_DIR: '/workspace',
};

/** Name → the value that it has in one job. */
export const jobValues = (job: string, stage: string): ReadonlyMap<string, string> =>
  new Map([
    ['CI_JOB_NAME', job],
    ['CI_BUILD_NAME', job],
    ['CI_JOB_STAGE', stage],
    ['CI_BUILD_STAGE', stage],
  ]);

/** Such as that of a token, whose value must never stand in a file. */
export const isSecretName = (name: string): boolean =>
  /(TOKEN|PASSW(OR)?D|SECRET|PRIVATE|CREDENTIALS?|(^|_)KEY|_PASS|APIKEY|WEBHOOK)/i.test(name);

/** Values by name; the innermost definition wins. */
export type Variables = ReadonlyMap<string, string>;

export interface Expanded {
  readonly text: string;
  /** Names that neither the file nor GitLab itself gives a value. */
  readonly unknown: readonly string[];
}

const deepest = 5;
const longestValue = 10_000;

/** Fills in `$NAME` and `${NAME}`; `$$` is a plain `$`. */
export function expandVariables(text: string, variables: Variables): Expanded {
  const unknown = new Set<string>();
  const expand = (value: string, depth: number): string => {
    let length = 0;
    return value.replace(
      /\$\$|\$\{([A-Za-z_]\w*)\}|\$([A-Za-z_]\w*)|\$\{\{|[^$]+|\$/g,
      (match, braced?: string, bare?: string) => {
        if (length > longestValue) return '';
        const name = braced ?? bare;
        const piece =
          name === undefined ? (match === '$$' ? '$' : escapeTemplate(match)) : expandOne(name, depth);
        length += piece.length;
        return piece;
      },
    );
  };
  const expandOne = (name: string, depth: number): string => {
    const defined = variables.get(name);
    if (defined !== undefined && depth < deepest) return expand(defined, depth + 1);
    const fixed = own(fixedValues, name);
    if (fixed !== undefined) return fixed;
    const cel = own(predefined, name);
    if (cel !== undefined) return `\${{ ${cel} }}`;
    unknown.add(name);
    return `\${{ env.${name} }}`;
  };
  const expanded = expand(text, 0);
  return { text: expanded.slice(0, longestValue), unknown: [...unknown] };
}

/** The CEL of a variable in a condition; null: nobody knows its value. */
export function variableCel(name: string, variables: Variables): string | null {
  const fixed = own(fixedValues, name);
  if (fixed !== undefined) return quoted(fixed);
  const cel = own(predefined, name);
  if (cel !== undefined) return cel.includes('?') ? `(${cel})` : cel;
  return variables.has(name) ? `env.${name}` : null;
}

const own = (record: Readonly<Record<string, string>>, name: string): string | undefined =>
  Object.hasOwn(record, name) ? record[name] : undefined;
