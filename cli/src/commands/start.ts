// `sluice runs start`: a manual run, with inputs that the server checks against the pipeline file.
import pc from 'picocolors';
import type { RepositoryView, RunView, StartRun } from '@sluice/pipelines/protocol/api';
import { ApiError, type ApiClient } from '../api-client.ts';

export interface StartOptions {
  /** Needed where the server knows more than one. */
  readonly repository?: string;
  /** Default: the repository's default branch. */
  readonly branch?: string;
  /** Default: the branch's head. */
  readonly commit?: string;
  /** Its name or its file; needed where several can be started by hand. */
  readonly pipeline?: string;
  readonly inputs: Readonly<Record<string, string>>;
}

/** What was started, for people. Throws `ApiError` where nothing is: the message says what to mend. */
export async function startRun(api: ApiClient, options: StartOptions): Promise<string> {
  const { commit, pipeline, inputs } = options;
  const repository = await chooseRepository(api, options.repository);
  const body: StartRun = {
    repository: repository.fullName,
    branch: options.branch ?? repository.defaultBranch,
    inputs,
    ...(commit === undefined ? {} : { commit }),
    ...(pipeline === undefined ? {} : { pipeline }),
  };
  const { runId } = await api.call<{ readonly runId: string }>('POST', '/api/runs', body).catch(explain);
  const run = await api.call<RunView>('GET', `/api/runs/${runId}`);
  return `started run #${run.number} of ${run.repository} on ${run.ref} ${pc.dim(runId)}\n`;
}

/** One line for each input that is not as the pipeline asks for it. */
function explain(error: unknown): never {
  if (!(error instanceof ApiError) || error.inputs.length === 0) throw error;
  const lines = error.inputs.map(({ message }) => `\n  ${message}`).join('');
  const message = `nothing was started:${lines}\n\`sluice runs inputs\` shows what each pipeline asks for.`;
  throw new ApiError(message, error.reason, error.status, { cause: error });
}

/** The repository of that name, or the only one. Throws `ApiError` with the names that there are. */
export async function chooseRepository(
  api: ApiClient,
  name: string | undefined,
): Promise<Pick<RepositoryView, 'fullName' | 'defaultBranch'>> {
  const { repositories } = await api.call<{ readonly repositories: readonly RepositoryView[] }>(
    'GET',
    '/api/repositories',
  );
  const names = repositories.map(({ fullName }) => fullName).join(', ');
  const [only, second] = repositories;
  if (name === undefined) {
    if (only !== undefined && second === undefined) return only;
    const help = only === undefined ? 'there is none yet: add one under Settings' : `it has ${names}`;
    throw new ApiError(`say of which repository, by --repository: ${help}`, 'ambiguous', null);
  }
  const found = repositories.find(({ fullName }) => fullName.toLowerCase() === name.toLowerCase());
  if (found !== undefined) return found;
  throw new ApiError(
    `there is no repository "${name}" on this server: it has ${names || 'none'}`,
    'unknown',
    null,
  );
}
