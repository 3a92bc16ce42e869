// The command line of `sluice run`, checked before anything is read.
import { availableParallelism } from 'node:os';
import { err, ok, type Result } from '@sluice/pipelines/result';
import type { Secrets } from '@sluice/pipelines/plan/stage-secrets';
import { didYouMean } from '@sluice/pipelines/language/suggest';
import type { TriggerWishes } from '../choose-trigger.ts';

/** As the command line gives them. */
export interface RunFlags {
  readonly event?: string;
  readonly branch?: string;
  readonly tag?: string;
  readonly changed?: string;
  readonly input?: readonly string[];
  readonly stage?: readonly string[];
  readonly from?: string;
  readonly matrix?: readonly string[];
  readonly secret?: readonly string[];
  readonly executor?: string;
  readonly jobs?: string;
  readonly keep: boolean;
  readonly inPlace: boolean;
  readonly json: boolean;
  readonly plain: boolean;
}

export interface RunOptions {
  /** Null: `.sluice.yml` of this folder. */
  readonly file: string | null;
  readonly wishes: TriggerWishes;
  readonly only: readonly string[];
  readonly from: string | null;
  readonly matrix: Readonly<Record<string, string>>;
  readonly secrets: Secrets;
  readonly executors: { readonly docker: boolean; readonly process: boolean };
  /** Attempts at the same time. */
  readonly jobs: number;
  readonly keep: boolean;
  readonly inPlace: boolean;
  readonly view: 'live' | 'plain' | 'json';
}

/** The error is a sentence for people, and holds no secret. */
export function readOptions(
  file: string | undefined,
  flags: RunFlags,
  env: Readonly<Record<string, string | undefined>>,
): Result<RunOptions, string> {
  const inputs = assignments('--input', flags.input);
  if (!inputs.ok) return inputs;
  const matrix = assignments('--matrix', flags.matrix);
  if (!matrix.ok) return matrix;
  const secrets = readSecrets(flags.secret ?? [], env);
  if (!secrets.ok) return secrets;
  const executors = readExecutors(flags.executor ?? 'docker');
  if (!executors.ok) return executors;
  const jobs = readJobs(flags);
  if (!jobs.ok) return jobs;
  const hasInputs = Object.keys(inputs.value).length > 0;
  const event = flags.event ?? (hasInputs ? 'manual' : undefined);
  if (hasInputs && event !== 'manual') return err(`--input belongs to --event manual, not to ${event}`);
  const { branch, tag, changed } = flags;
  return ok({
    file: file ?? null,
    wishes: {
      event,
      branch,
      tag,
      changed: changed?.split(',').map((path) => path.trim()),
      inputs: inputs.value,
    },
    only: flags.stage ?? [],
    from: flags.from ?? null,
    matrix: matrix.value,
    secrets: secrets.value,
    executors: executors.value,
    jobs: jobs.value,
    keep: flags.keep,
    inPlace: flags.inPlace,
    view: flags.json ? 'json' : flags.plain ? 'plain' : 'live',
  });
}

function assignments(
  option: string,
  given: readonly string[] = [],
): Result<Readonly<Record<string, string>>, string> {
  const values: Record<string, string> = {};
  for (const text of given) {
    const at = text.indexOf('=');
    if (at < 1) return err(`${option} wants name=value, got ${JSON.stringify(text)}`);
    values[text.slice(0, at)] = text.slice(at + 1);
  }
  return ok(values);
}

/** `NAME=value`, or `NAME` from the environment; a name that no variable can have is looked for in capitals. */
function readSecrets(
  given: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Result<Secrets, string> {
  const secrets: Record<string, string> = {};
  for (const text of given) {
    const at = text.indexOf('=');
    const name = at === -1 ? text : text.slice(0, at);
    if (!/^[\w.-]+$/.test(name))
      return err(
        '--secret wants NAME=value, or NAME to take it from the environment; a name has letters, digits, - _ .',
      );
    if (at !== -1) {
      secrets[name] = text.slice(at + 1);
      continue;
    }
    const variables = [...new Set([name, name.toUpperCase().replace(/\W/g, '_')])];
    const value = variables.map((variable) => env[variable]).find((each) => each !== undefined);
    if (value === undefined)
      return err(
        `--secret ${name}: the environment has no ${variables.join(' and no ')}. Set it, or write --secret ${name}=…`,
      );
    secrets[name] = value;
  }
  return ok(secrets);
}

function readExecutors(text: string): Result<RunOptions['executors'], string> {
  const names = text.split(',').map((name) => name.trim());
  for (const name of names) {
    if (name === 'docker' || name === 'process') continue;
    return err(
      `There is no executor "${name}".${didYouMean(name, ['docker', 'process'])} Use docker, process or docker,process.`,
    );
  }
  return ok({ docker: names.includes('docker'), process: names.includes('process') });
}

/** Stages that work in one folder would disturb each other: there they run one after another. */
function readJobs({ jobs, inPlace }: RunFlags): Result<number, string> {
  if (jobs === undefined) return ok(inPlace ? 1 : Math.max(2, availableParallelism()));
  const number = Number(jobs);
  if (!Number.isInteger(number) || number < 1)
    return err(`--jobs wants a number from 1, got ${JSON.stringify(jobs)}`);
  if (inPlace && number > 1) return err('--in-place runs one stage at a time: leave --jobs away');
  return ok(number);
}
