// One job → the stages that do the same: an approval before it where a person starts it, build and push where it makes an image.
import { escapeTemplate } from '../language/expression/template.ts';
import type { SourceNode } from '../language/source-node.ts';
import type { Span } from '../language/source-file.ts';
import type { Cel } from './cel.ts';
import {
  changed,
  entriesOf,
  entryOf,
  itemsOf,
  leftOut,
  spanOfEntry,
  textOf,
  textsOf,
  type Conversion,
} from './conversion.ts';
import { dockerStages } from './docker-script.ts';
import { draftList, draftMap, draftOf, put, type DraftMap, type DraftValue } from './draft.ts';
import { durationOf } from './durations.ts';
import { gitlabCheckout } from './gitlab-checkout.ts';
import type { ConditionContext } from './gitlab-conditions.ts';
import { gitlabFate } from './gitlab-fate.ts';
import type { GitlabJob } from './gitlab-jobs.ts';
import { gitlabArtifacts, gitlabCache, gitlabRetry } from './gitlab-keeps.ts';
import type { JobOrder } from './gitlab-order.ts';
import {
  expandVariables,
  fixedValues,
  isSecretName,
  jobValues,
  predefined,
  type Variables,
} from './gitlab-variables.ts';
import { takeKeys } from './take-keys.ts';
import { matrixDraft, type MatrixRow } from './matrix.ts';
import { imageWord, isVariable, type StageNames } from './names.ts';
import { needsDraft, type NeedDraft, type StageDraft } from './pipeline-draft.ts';
import { listOf, shellVariables, stepOf, stepsOf, variablesIn, wantsBash, type Command } from './script.ts';
import { firstServices, isServiceVariable, servicesDraft, type ServiceDraft } from './services.ts';

export interface GitlabContext extends ConditionContext {
  readonly names: StageNames;
  readonly env: DraftMap;
  readonly workflow: Cel;
  /** Further variables of the pipeline that jobs were found to read. */
  readonly wanted: Map<string, string>;
  readonly order: JobOrder;
  readonly jobs: ReadonlyMap<string, GitlabJob>;
}

const defaultImage = 'ubuntu:24.04';

/** Combinations that a matrix may have. */
const mostParts = 256;

export function gitlabStages(context: GitlabContext, job: GitlabJob): readonly StageDraft[] {
  const { conversion, names } = context;
  const from = spanOfEntry(job.entry);
  const id = names.of(job.name);
  const fate = gitlabFate(context, job);
  const own = commandsOf(job, 'script');
  const scripts = commandsOf(job, 'before_script').concat(own);
  const after = commandsOf(job, 'after_script');
  if (own.length === 0) {
    if (entryOf(job.entry.value, 'trigger') === undefined)
      leftOut(conversion, job.entry.keySpan, {
        what: job.name.slice(0, 60),
        why: 'it has no script in this file.',
      });
    return [noteStage(context, job, id)];
  }
  const needs = needsOf(context, job);
  const approval = fate.isManual ? names.fresh(`approve-${id}`) : null;
  const common = {
    needs: needsDraft(approval === null ? needs : [{ stage: approval, optional: false }, ...needs]),
    if: fate.condition,
    timeout: timeoutOf(conversion, job),
    retry: gitlabRetry(conversion, job.keys.get('retry')),
    allow_failure: allowFailure(job, fate.mayFail),
    concurrency: textOf(job.keys.get('resource_group')?.value)?.slice(0, 200).replaceAll('${{', '$ {{'),
  };
  const approvals: StageDraft[] =
    approval === null
      ? []
      : [{ id: approval, from, keys: { needs: needsDraft(needs), if: fate.condition, approve: draftMap() } }];
  if (approval !== null) {
    changed(conversion, (job.keys.get('when') ?? job.keys.get('rules') ?? job.entry).keySpan, {
      what: 'when: manual',
      why: 'the run waits for an approval, and ends when nobody gives it within a day.',
      whatToDo: 'Say under approve who may, and within which time.',
    });
  }
  const env = jobEnv(context, job);
  const image = dockerStages({
    conversion,
    names,
    id,
    from,
    common,
    commands: scripts,
    variables: env.texts,
  });
  if (image !== null) return [...approvals, ...image];
  return [
    ...approvals,
    { id, from, keys: { ...common, ...work(context, job, env, scripts, after) }, places: placesOf(job) },
  ];
}

/** Keeps its name alive for the stages that need it. */
const noteStage = (context: GitlabContext, job: GitlabJob, id: string): StageDraft => ({
  id,
  from: spanOfEntry(job.entry),
  keys: {
    needs: needsDraft(needsOf(context, job)),
    image: 'busybox:1',
    steps: draftList(["echo 'nothing of this job was carried over'"]),
  },
});

function work(
  context: GitlabContext,
  job: GitlabJob,
  env: JobEnv,
  scripts: readonly Command[],
  after: readonly Command[],
): StageDraft['keys'] {
  const { conversion } = context;
  const script = [...scripts, ...after].map((each) => each.text).join('\n');
  readWantedVariables(context, env, [...scripts, ...after], job);
  const image = imageOf(context, job, env.texts);
  const steps = [...stepsOf(scripts)];
  const last = stepsOf(after);
  for (const each of last) {
    if (typeof each.value === 'string') steps.push(stepOf({ if: 'always()', run: each.value }, each.from));
  }
  if (last.length > 0 && job.keys.get('after_script') !== undefined)
    changed(conversion, job.keys.get('after_script')?.keySpan ?? job.entry.keySpan, {
      what: 'after_script',
      why: 'its failure fails the stage.',
      whatToDo: 'End a command with || true where it may fail.',
    });
  return {
    image: image.name,
    user: image.user,
    matrix: parallelOf(context, job, env.draft),
    services: servicesDraft(servicesOf(context, job, env.texts)),
    env: env.draft,
    checkout: gitlabCheckout(context.variables, job.keys.get('variables')?.value),
    shell: wantsBash(script) ? 'bash' : undefined,
    cache: gitlabCache(conversion, job.keys.get('cache'), env.texts),
    steps: listOf(steps),
    ...gitlabArtifacts(context, job, context.order.get(job.name) ?? []),
  };
}

const placesOf = (job: GitlabJob): Readonly<Record<string, { start: number; end: number }>> =>
  Object.fromEntries(
    Object.entries({
      if: 'rules',
      image: 'image',
      services: 'services',
      cache: 'cache',
      artifacts: 'artifacts',
      steps: 'script',
      matrix: 'parallel',
      needs: 'needs',
      retry: 'retry',
      env: 'variables',
    }).flatMap(([ours, theirs]) => {
      const entry = job.keys.get(theirs);
      return entry === undefined ? [] : [[ours, spanOfEntry(entry)]];
    }),
  );

/** Lists in lists, as anchors make them, are one list. */
function commandsOf(job: GitlabJob, key: string): readonly Command[] {
  const commands: Command[] = [];
  const read = (node: SourceNode, depth: number): void => {
    if (commands.length > 2_000) return;
    if (node.kind === 'list' && depth < 20) for (const each of node.items) read(each, depth + 1);
    const text = textOf(node);
    if (text !== null) commands.push({ text, from: node });
    else if (node.kind === 'map')
      for (const { key: word, value } of node.entries)
        commands.push({ text: `${word}: ${textOf(value) ?? ''}`, from: node });
  };
  for (const each of itemsOf(job.keys.get(key)?.value)) read(each, 0);
  return commands;
}

function needsOf(context: GitlabContext, job: GitlabJob): readonly NeedDraft[] {
  return (context.order.get(job.name) ?? []).map((need) => ({
    stage: context.names.of(need.job),
    optional: need.optional,
  }));
}

function timeoutOf(conversion: Conversion, job: GitlabJob): string | undefined {
  const entry = job.keys.get('timeout');
  const text = textOf(entry?.value);
  if (entry === undefined || text === null) return undefined;
  const duration = durationOf(text);
  if (duration === null) leftOut(conversion, entry.value, { what: 'timeout', why: 'this is not a time.' });
  return duration ?? undefined;
}

function allowFailure(job: GitlabJob, byRule: boolean): DraftValue | undefined {
  const node = job.keys.get('allow_failure')?.value;
  const codes = textsOf(entryOf(node, 'exit_codes')?.value)
    .map(Number)
    .filter((code) => Number.isInteger(code) && code > 0 && code < 256);
  if (codes.length > 0) return draftList(codes);
  return (node?.kind === 'scalar' && node.value === true) || byRule ? true : undefined;
}

const valuesOf = (job: GitlabJob): ReadonlyMap<string, string> =>
  jobValues(job.name, textOf(job.keys.get('stage')?.value) ?? 'test');

interface JobEnv {
  readonly draft: DraftMap;
  readonly texts: Map<string, string>;
}

function jobEnv(context: GitlabContext, job: GitlabJob): JobEnv {
  const { conversion } = context;
  const own = entriesOf(job.keys.get('variables')?.value);
  const texts = new Map([...valuesOf(job), ...context.variables]);
  for (const each of own)
    texts.set(each.key, textOf(entryOf(each.value, 'value')?.value) ?? textOf(each.value) ?? '');
  const draft = draftMap();
  for (const each of own) {
    if (!isVariable(each.key)) {
      leftOut(conversion, each.keySpan, {
        what: each.key.slice(0, 60),
        why: 'this is not the name of a variable.',
      });
      continue;
    }
    const outer = new Map(texts);
    outer.delete(each.key);
    const { text, unknown } = expandVariables(texts.get(each.key) ?? '', outer);
    const [secret] = unknown.filter((name) => isSecretName(name) && text === `\${{ env.${name} }}`);
    if (secret !== undefined) {
      const why = `GitLab sets it outside of the file; here it is the secret "${secret}".`;
      changed(conversion, each.value, { what: `$${secret}`, why, whatToDo: 'Store the secret.' });
      put(draft, each.key, draftOf({ secret }), spanOfEntry(each));
      continue;
    }
    for (const name of unknown) wantVariable(context, name, each.value);
    put(draft, each.key, text, spanOfEntry(each));
  }
  return { draft, texts };
}

/** Variables of a script that only GitLab sets: its own become expressions, the others secrets. */
function readWantedVariables(
  context: GitlabContext,
  env: JobEnv,
  commands: readonly Command[],
  job: GitlabJob,
): void {
  const script = commands.map((each) => each.text).join('\n');
  const placeOf = (name: string): Span =>
    commands.find((each) => new RegExp(`\\$\\{?${name}\\b`).test(each.text))?.from ?? job.entry.keySpan;
  for (const name of variablesIn(script)) {
    const fixedHere = valuesOf(job).get(name);
    if (fixedHere !== undefined && env.texts.get(name) === fixedHere) {
      put(env.draft, name, escapeTemplate(fixedHere));
      continue;
    }
    if (env.texts.has(name) || shellVariables.has(name) || !/^[A-Z][A-Z0-9_]+$/.test(name)) continue;
    const cel = Object.hasOwn(predefined, name) ? predefined[name] : undefined;
    const fixed = Object.hasOwn(fixedValues, name) ? fixedValues[name] : undefined;
    if (name === 'CI_COMMIT_REF_SLUG') noteSlug(context.conversion, placeOf(name));
    if (cel !== undefined || fixed !== undefined) context.wanted.set(name, fixed ?? `\${{ ${cel} }}`);
    else if (/^(CI|GITLAB)_/.test(name) && !isSecretName(name)) wantVariable(context, name, placeOf(name));
    else {
      changed(context.conversion, placeOf(name), {
        what: `$${name}`,
        why: `GitLab sets it outside of the file; here it is the secret "${name}".`,
        whatToDo: 'Store the secret, write the value under env, or remove it there if the image sets it.',
      });
      put(env.draft, name, draftOf({ secret: name }));
    }
  }
}

const noteSlug = (conversion: Conversion, place: Span): void =>
  changed(conversion, place, {
    what: '$CI_COMMIT_REF_SLUG',
    why: 'it is the name as it is; GitLab writes it in small letters, and - for other signs.',
    whatToDo: 'Make it so in the step, where branches have such names.',
  });

/** A variable that has to be filled in once, at the top of the file. */
function wantVariable(
  context: GitlabContext,
  name: string,
  from: SourceNode | { start: number; end: number },
): void {
  if (context.variables.has(name) || !isVariable(name)) return;
  if (!context.wanted.has(name)) context.wanted.set(name, 'change-me');
  changed(context.conversion, from, {
    what: `$${name}`,
    why: 'GitLab sets it outside of the file.',
    whatToDo: `Write its value under env: ${name}, at the top.`,
  });
}

function imageOf(
  context: GitlabContext,
  job: GitlabJob,
  texts: Variables,
): { readonly name: string; readonly user: string | undefined } {
  const { conversion } = context;
  const entry = job.keys.get('image');
  const keys = takeKeys(conversion, entry?.value, 'image');
  const node = keys.get('name')?.value ?? (entry?.value.kind === 'scalar' ? entry.value : undefined);
  const written = textOf(node)?.trim();
  const user = textOf(entryOf(keys.get('docker')?.value, 'user')?.value) ?? undefined;
  if (written === undefined || written === '' || node === undefined) {
    changed(conversion, job.entry.keySpan, {
      what: 'image',
      why: `the job names none, so it is ${defaultImage}.`,
      whatToDo: 'Name the image that your runner used.',
    });
    return { name: defaultImage, user };
  }
  return { name: expanded(context, written, texts, node), user };
}

/** Text in which `$NAME` is filled in, for places where no shell does it. */
function expanded(context: GitlabContext, text: string, texts: Variables, node: SourceNode): string {
  const result = expandVariables(text, texts);
  for (const name of result.unknown) wantVariable(context, name, node);
  return result.text;
}

function servicesOf(context: GitlabContext, job: GitlabJob, texts: Variables): readonly ServiceDraft[] {
  const { conversion } = context;
  const written = itemsOf(job.keys.get('services')?.value);
  return firstServices(conversion, written, (node) => node).flatMap((node): readonly ServiceDraft[] => {
    const keys = takeKeys(conversion, node, 'service');
    const name = textOf(keys.get('name')?.value) ?? textOf(node);
    if (name === null) return [];
    const image = expanded(context, name, texts, node);
    if (imageWord(image) === 'docker' || /dind/.test(image)) {
      leftOut(conversion, node, {
        what: 'docker:dind',
        why: 'no container of Sluice runs a Docker engine.',
        whatToDo: 'Build images in build stages, and push them in push stages.',
      });
      return [];
    }
    const own = entriesOf(keys.get('variables')?.value);
    const env = draftMap();
    for (const { key, value } of own)
      if (isVariable(key)) put(env, key, expanded(context, textOf(value) ?? '', texts, value));
    for (const [key, text] of texts) {
      if (isServiceVariable(key, image) && !own.some((each) => each.key === key))
        put(env, key, expanded(context, text, texts, node));
    }
    const command = [...textsOf(keys.get('entrypoint')?.value), ...textsOf(keys.get('command')?.value)];
    const [alias = imageWord(image)] = (textOf(keys.get('alias')?.value) ?? '')
      .split(/[\s,]+/)
      .filter((each) => each !== '');
    return [
      {
        name: alias,
        image,
        env,
        command: command.map((each) => expanded(context, each, texts, node)),
        ready: null,
        from: node,
      },
    ];
  });
}

/** `parallel: 5` numbers the stages; `parallel: { matrix }` is a matrix of variables. */
function parallelOf({ conversion }: GitlabContext, job: GitlabJob, env: DraftMap): DraftValue | undefined {
  const entry = job.keys.get('parallel');
  if (entry === undefined) return undefined;
  if (entry.value.kind === 'scalar') {
    const count = Number(textOf(entry.value));
    if (!Number.isInteger(count) || count < 1 || count > mostParts) {
      leftOut(conversion, entry.value, {
        what: 'parallel',
        why: `this is not a number from 1 to ${mostParts}.`,
      });
      return undefined;
    }
    put(env, 'CI_NODE_INDEX', '${{ matrix.CI_NODE_INDEX }}');
    put(env, 'CI_NODE_TOTAL', String(count));
    return draftOf({ CI_NODE_INDEX: draftList(Array.from({ length: count }, (_, index) => index + 1)) });
  }
  const rows = itemsOf(takeKeys(conversion, entry.value, 'parallel').get('matrix')?.value).map(
    (row): MatrixRow =>
      entriesOf(row).map(({ key, value }): readonly [string, readonly string[]] => [key, textsOf(value)]),
  );
  for (const name of new Set(rows.flat().map(([each]) => each))) {
    const known = env.entries.findIndex((entry) => entry.key === name);
    if (known !== -1) env.entries.splice(known, 1);
    if (isVariable(name)) put(env, name, `\${{ matrix.${name} }}`);
  }
  return matrixDraft(rows, entry.value);
}
