// A workflow of GitHub Actions → a draft of ours: triggers, variables, then each job.
import { changed, entriesOf, textOf, type Conversion } from './conversion.ts';
import { draftMap, put, type DraftMap } from './draft.ts';
import { addEnv, githubConcurrency, plainNames } from './github-env.ts';
import { eventName, type GithubScope } from './github-expressions.ts';
import { githubStages } from './github-jobs.ts';
import { githubTriggers } from './github-triggers.ts';
import { takeKeys } from './take-keys.ts';
import { StageNames } from './names.ts';
import type { PipelineDraft } from './pipeline-draft.ts';
import type { SourceText } from './read-source.ts';

const mostJobs = 500;

export function convertGithub(conversion: Conversion, { source, root }: SourceText): PipelineDraft {
  const keys = takeKeys(conversion, root, 'workflow');
  const { on, inputs } = githubTriggers(conversion, keys.get('on'));
  const name = textOf(keys.get('name')?.value);
  const jobs = entriesOf(keys.get('jobs')?.value).slice(0, mostJobs);
  const names = new StageNames();
  for (const job of jobs) names.of(job.key);
  const scope: GithubScope = {
    inputs,
    matrix: new Map(),
    env: new Set(),
    stageOf: (job) => names.get(job),
    workflow: name ?? source.parts[0]?.file ?? 'workflow',
  };
  const env = draftMap();
  addEnv(conversion, scope, keys.get('env'), env);
  addRunnerVariables(conversion, source.text, env);
  const outer = { ...scope, env: plainNames(env) };
  const defaults = keys.get('defaults')?.value;
  return {
    name: name === null || name.includes('${{') ? null : name,
    on,
    env,
    concurrency: githubConcurrency(conversion, outer, keys.get('concurrency')),
    stages: jobs.flatMap((job) =>
      githubStages({ conversion, scope: outer, names, outer: env, defaults }, job),
    ),
  };
}

const runnerVariables: Readonly<Record<string, string>> = {
  GITHUB_SHA: '${{ commit.sha }}',
  GITHUB_REF: "${{ event == 'tag' ? 'refs/tags/' + tag : 'refs/heads/' + branch }}",
  GITHUB_REF_NAME: "${{ event == 'tag' ? tag : branch }}",
  GITHUB_HEAD_REF: "${{ event == 'pull_request' ? branch : '' }}",
  GITHUB_BASE_REF: '${{ pull_request.target_branch }}',
  GITHUB_REPOSITORY: '${{ repository }}',
  GITHUB_RUN_ID: '${{ run.id }}',
  GITHUB_RUN_NUMBER: '${{ run.number }}',
  GITHUB_EVENT_NAME: `\${{ ${eventName} }}`,
  GITHUB_WORKSPACE: '/workspace',
  RUNNER_OS: 'Linux',
  RUNNER_TEMP: '/tmp',
};

/** Files by which steps tell the runner something there; here they are written and not read. */
const runnerFiles: Readonly<Record<string, string>> = {
  GITHUB_OUTPUT: '/tmp/github-output',
  GITHUB_ENV: '/tmp/github-env',
  GITHUB_PATH: '/tmp/github-path',
  GITHUB_STEP_SUMMARY: '/tmp/github-summary',
};

function addRunnerVariables(conversion: Conversion, text: string, env: DraftMap): void {
  for (const [name, value] of Object.entries(runnerVariables)) {
    if (new RegExp(`\\$\\{?${name}\\b`).test(text)) put(env, name, value);
  }
  for (const [name, value] of Object.entries(runnerFiles)) {
    const at = new RegExp(`\\$\\{?${name}\\b`).exec(text);
    if (at === null) continue;
    put(env, name, value);
    changed(
      conversion,
      { start: at.index, end: at.index + at[0].length },
      {
        what: `$${name}`,
        why: 'it is a file that nothing reads.',
        whatToDo:
          name === 'GITHUB_STEP_SUMMARY'
            ? ''
            : 'Set variables in the same step, and pass values on by outputs.',
      },
    );
  }
}
