// Woodpecker's own variables → our expressions, and `${NAME}` in values, which it fills in itself.
import { escapeTemplate } from '../language/expression/template.ts';

const refName = "${{ event == 'tag' ? tag : branch }}";

/** In Woodpecker's own words, which scripts compare. */
const eventName = "${{ event == 'schedule' ? 'cron' : event }}";

/** Name → text of ours. */
export const woodpeckerVariables: Readonly<Record<string, string>> = {
  CI_COMMIT_SHA: '${{ commit.sha }}',
  CI_COMMIT_BRANCH: "${{ event == 'pull_request' ? pull_request.target_branch : branch }}",
  CI_COMMIT_SOURCE_BRANCH: '${{ branch }}',
  CI_COMMIT_TARGET_BRANCH: '${{ pull_request.target_branch }}',
  CI_COMMIT_TAG: '${{ tag }}',
  CI_COMMIT_REF: "${{ event == 'tag' ? 'refs/tags/' + tag : 'refs/heads/' + branch }}",
  CI_COMMIT_MESSAGE: '${{ commit.message }}',
  CI_COMMIT_AUTHOR: '${{ commit.author }}',
  CI_COMMIT_PULL_REQUEST: '${{ pull_request.number }}',
  CI_REPO: '${{ repository }}',
  CI_REPO_DEFAULT_BRANCH: 'main',
  CI_PIPELINE_NUMBER: '${{ run.number }}',
  CI_PIPELINE_EVENT: eventName,
  CI_BUILD_NUMBER: '${{ run.number }}',
  CI_BUILD_EVENT: eventName,
  CI_WORKSPACE: '/workspace',
  DRONE_COMMIT: '${{ commit.sha }}',
  DRONE_COMMIT_SHA: '${{ commit.sha }}',
  DRONE_BRANCH: refName,
  DRONE_TAG: '${{ tag }}',
  DRONE_REPO: '${{ repository }}',
  DRONE_BUILD_NUMBER: '${{ run.number }}',
};

/** `${NAME}` as a value or an expression; `$$` is a plain `$`. Other names stay as they are. */
export function woodpeckerText(text: string, matrixNames: ReadonlySet<string>): string {
  return escapeTemplate(text).replace(
    /\$\$|\$\{([A-Za-z_]\w*)(?::(\d+):(\d+))?\}|\$([A-Za-z_]\w*)/g,
    (match, braced?: string, from?: string, _length?: string, bare?: string) => {
      const name = braced ?? bare;
      if (name === undefined) return '$';
      if (matrixNames.has(name)) return `\${{ matrix.${name} }}`;
      if (name === 'CI_COMMIT_SHA' && from !== undefined) return '${{ commit.short }}';
      return Object.hasOwn(woodpeckerVariables, name) ? (woodpeckerVariables[name] ?? match) : match;
    },
  );
}

/**
 * A command, whose variables the shell reads itself. Woodpecker fills in `${NAME}` before, also between single quotes,
 * which are left for it here.
 */
export function woodpeckerCommand(text: string): string {
  let quote = '';
  return text.replace(/\\[^]|\$\$|\$\{([A-Z][A-Z0-9_]*)\}|["']/g, (part, name?: string) => {
    if (part === '$$') return '$';
    if (name !== undefined)
      return quote === "'" && Object.hasOwn(woodpeckerVariables, name) ? `'"${part}"'` : part;
    if (part === quote) quote = '';
    else if (quote === '' && part.length === 1) quote = part;
    return part;
  });
}
