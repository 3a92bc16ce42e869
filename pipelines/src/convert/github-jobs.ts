// One job → a stage, or several where it also builds an image.
import type { MapEntry, SourceNode } from '../language/source-node.ts';
import {
  changed,
  entriesOf,
  entryOf,
  isTrue,
  itemsOf,
  leftOut,
  spanOfEntry,
  textOf,
  textsOf,
  type Conversion,
} from './conversion.ts';
import { checkoutDraft } from './checkout-draft.ts';
import { draftList, draftMap, put, type DraftMap } from './draft.ts';
import { knownAction } from './github-actions.ts';
import { conditionOf, timeoutOf } from './github-conditions.ts';
import { addEnv, githubConcurrency, plainNames } from './github-env.ts';
import type { GithubScope } from './github-expressions.ts';
import { githubMatrix, isForeignMachine } from './github-matrix.ts';
import { githubSteps } from './github-steps.ts';
import { githubEnvValue, githubText } from './github-text.ts';
import { takeKeys, type Taken } from './take-keys.ts';
import { isVariable, type StageNames } from './names.ts';
import { needsDraft, type StageDraft } from './pipeline-draft.ts';
import { listOf } from './script.ts';
import { firstServices, servicesDraft, type ServiceDraft } from './services.ts';

export interface GithubContext {
  readonly conversion: Conversion;
  readonly scope: GithubScope;
  readonly names: StageNames;
  /** Variables of the workflow. */
  readonly outer: DraftMap;
  readonly defaults: SourceNode | undefined;
}

const machineImage = 'ubuntu:24.04';

export function githubStages(context: GithubContext, job: MapEntry): readonly StageDraft[] {
  const { conversion, names } = context;
  conversion.met.set(job.keySpan.start, { ...spanOfEntry(job), name: 'job' });
  const id = names.of(job.key);
  const from = spanOfEntry(job);
  const keys = takeKeys(conversion, job.value, 'job');
  const strategy = takeKeys(conversion, keys.get('strategy')?.value, 'strategy');
  const matrix = githubMatrix(conversion, strategy.get('matrix'), versionNames(keys.get('steps')?.value));
  const env = draftMap();
  const scope: GithubScope = { ...context.scope, matrix: matrix.values };
  addEnv(conversion, scope, keys.get('env'), env);
  const inner: GithubScope = { ...scope, env: plainNames(context.outer, env) };
  const container = containerOf(conversion, inner, keys.get('container'), env);
  const steps = githubSteps({
    conversion,
    scope: inner,
    steps: keys.get('steps')?.value,
    defaults: [context.defaults, keys.get('defaults')?.value],
    stage: id,
  });
  const common = {
    needs: needsDraft(
      textsOf(keys.get('needs')?.value).flatMap((need) =>
        names.get(need) === undefined ? [] : [{ stage: names.of(need), optional: false }],
      ),
    ),
    if: conditionOf(conversion, inner, keys.get('if')),
    timeout: timeoutOf(conversion, keys.get('timeout-minutes')),
    allow_failure: isTrue(keys.get('continue-on-error')?.value) ? true : undefined,
    matrix: matrix.draft,
  };
  const places = placesOf(keys);
  // An image is built of the files alone: no history goes into it.
  const imageCheckout = checkoutDraft({ ...steps.checkout, depth: null });
  if (steps.items.length === 0 && steps.image !== null)
    return steps.image.stages(names, id, from, { ...common, checkout: imageCheckout });
  if (steps.items.length === 0) {
    if (!keys.has('steps'))
      leftOut(conversion, job.keySpan, { what: job.key.slice(0, 60), why: 'it has no steps of its own.' });
    const nothing = draftList(["echo 'nothing of this job was carried over'"]);
    return [{ id, from, keys: { ...common, matrix: undefined, image: 'busybox:1', steps: nothing }, places }];
  }
  const image = container ?? steps.toolImage ?? machine(conversion, job, keys.get('runs-on'));
  noteMachine(conversion, keys.get('runs-on'));
  const stage: StageDraft = {
    id,
    from,
    places,
    keys: {
      ...common,
      image,
      services: servicesDraft(servicesOf(conversion, inner, keys.get('services'))),
      env,
      concurrency: githubConcurrency(conversion, inner, keys.get('concurrency')),
      checkout: checkoutDraft(steps.checkout),
      shell: steps.wantsBash ? 'bash' : undefined,
      cache: steps.caches.length === 0 ? undefined : draftList(steps.caches),
      steps: listOf(steps.items),
      artifacts: steps.artifacts,
    },
  };
  return steps.image === null ? [stage] : [stage, ...steps.image.after(names, id, from, imageCheckout)];
}

const placesOf = (keys: Taken): NonNullable<StageDraft['places']> =>
  Object.fromEntries(
    Object.entries({
      if: 'if',
      needs: 'needs',
      matrix: 'strategy',
      services: 'services',
      env: 'env',
      timeout: 'timeout-minutes',
      image: 'runs-on',
      concurrency: 'concurrency',
    }).flatMap(([ours, theirs]) => {
      const entry = keys.get(theirs);
      return entry === undefined ? [] : [[ours, spanOfEntry(entry)]];
    }),
  );

/** Names of the matrix by which a tool's version is chosen: they become the tags of images. */
function versionNames(steps: SourceNode | undefined): ReadonlySet<string> {
  const found = new Set<string>();
  for (const step of itemsOf(steps)) {
    const action = knownAction(textOf(entryOf(step, 'uses')?.value) ?? '');
    if (action?.kind !== 'tool') continue;
    for (const { value } of entriesOf(entryOf(step, 'with')?.value)) {
      const name = /^\s*\$\{\{\s*matrix\.([\w-]+)\s*\}\}\s*$/.exec(textOf(value) ?? '')?.[1];
      if (name !== undefined) found.add(name);
    }
  }
  return found;
}

function containerOf(
  conversion: Conversion,
  scope: GithubScope,
  entry: MapEntry | undefined,
  env: DraftMap,
): string | null {
  if (entry === undefined) return null;
  const keys = takeKeys(conversion, entry.value, 'container');
  const node = keys.get('image')?.value ?? entry.value;
  addEnv(conversion, scope, keys.get('env'), env);
  const written = textOf(node);
  return written === null || written.trim() === ''
    ? null
    : githubText({ conversion, scope, span: node }, written);
}

function machine(conversion: Conversion, job: MapEntry, entry: MapEntry | undefined): string {
  changed(conversion, (entry ?? job).keySpan, {
    what: 'runs-on',
    why: `the steps run in ${machineImage}, which has fewer tools than the machines of GitHub.`,
    whatToDo: 'Name an image that has what the steps use.',
  });
  return machineImage;
}

function noteMachine(conversion: Conversion, entry: MapEntry | undefined): void {
  if (entry === undefined) return;
  const labels = textsOf(entry.value.kind === 'map' ? entryOf(entry.value, 'labels')?.value : entry.value);
  if (labels.some(isForeignMachine)) {
    changed(conversion, entry.value, {
      what: labels.join(', ').slice(0, 80),
      why: 'steps run in containers of Linux.',
      whatToDo: 'Give the stage an image in which its steps work, or remove it.',
    });
  } else if (labels.includes('self-hosted')) {
    changed(conversion, entry.value, {
      what: labels.join(', ').slice(0, 80),
      why: 'workers are chosen by pool.',
      whatToDo: 'Add pool: NAME.',
    });
  }
}

function servicesOf(
  conversion: Conversion,
  scope: GithubScope,
  entry: MapEntry | undefined,
): readonly ServiceDraft[] {
  const written = firstServices(conversion, entriesOf(entry?.value), spanOfEntry);
  return written.flatMap(({ key, keySpan, value }): readonly ServiceDraft[] => {
    conversion.met.set(keySpan.start, { start: keySpan.start, end: value.end, name: 'service' });
    const keys = takeKeys(conversion, value, 'service');
    const name = textOf(keys.get('image')?.value);
    const image = name === null ? null : githubText({ conversion, scope, span: value }, name);
    if (image === null || image === '') return [];
    const env = draftMap();
    for (const each of entriesOf(keys.get('env')?.value)) {
      const text = isVariable(each.key)
        ? githubEnvValue({ conversion, scope, span: each.value }, each.key, textOf(each.value) ?? '')
        : undefined;
      if (text !== undefined) put(env, each.key, text, spanOfEntry(each));
    }
    const options = textOf(keys.get('options')?.value) ?? '';
    const health = /--health-cmd[= ]+(?:"([^"]+)"|'([^']+)'|(\S+))/.exec(options);
    const ready = health?.[1] ?? health?.[2] ?? health?.[3] ?? null;
    return [
      {
        name: key,
        image,
        env,
        command: [],
        ready: ready?.includes('${{') === true ? null : ready,
        from: { start: keySpan.start, end: value.end },
      },
    ];
  });
}
