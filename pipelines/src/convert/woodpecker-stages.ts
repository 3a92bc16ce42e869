// Steps → stages, in their order or by what they depend on.
import { escapeTemplate } from '../language/expression/template.ts';
import { changed, entryOf, leftOut, textOf, textsOf, entriesOf, type Conversion } from './conversion.ts';
import { dockerStages, targetsOf } from './docker-script.ts';
import {
  draftList,
  draftMap,
  draftOf,
  put,
  type DraftItem,
  type DraftMap,
  type DraftValue,
} from './draft.ts';
import { isVariable, type StageNames } from './names.ts';
import { needsDraft, type NeedDraft, type StageDraft } from './pipeline-draft.ts';
import { clean, listOf, stepOf, stepsOf, wantsBash } from './script.ts';
import { servicesDraft, type ServiceDraft } from './services.ts';
import type { WoodpeckerStep } from './woodpecker-steps.ts';
import { woodpeckerText } from './woodpecker-variables.ts';
import { trimEnd } from '../trim-end.ts';

export interface WoodpeckerContext {
  readonly conversion: Conversion;
  readonly names: StageNames;
  readonly services: readonly ServiceDraft[];
  readonly matrix: DraftValue | undefined;
  readonly matrixNames: ReadonlySet<string>;
  readonly checkout: DraftValue | undefined;
}

/** Steps of one stage, and the stages that it waits for. */
interface Group {
  readonly steps: WoodpeckerStep[];
  readonly needs: readonly Group[];
  /** The stage that others wait for. */
  readonly id: string;
}

export function woodpeckerStages(
  context: WoodpeckerContext,
  all: readonly WoodpeckerStep[],
): readonly StageDraft[] {
  const steps = all.filter((step) => isRunnable(context, step));
  const groups = steps.some((step) => step.dependsOn !== null)
    ? byDependency(context, steps)
    : inOrder(context, steps);
  const needed = new Set(groups.flatMap((group) => group.needs));
  if (groups.length === 0) return [];
  return groups.flatMap((group) => stagesOf(context, group, needed.has(group)));
}

const builders =
  /(^|\/)(plugin-docker-buildx|plugin-docker|plugin-kaniko|plugin-buildah|drone-docker-buildx|drone-kaniko|kaniko|docker|docker-buildx|drone-docker|ecr|gcr)(:|$)/;
const isBuilder = (step: WoodpeckerStep): boolean => step.commands.length === 0 && builders.test(step.image);

/** A plugin is an image that does everything by itself, and only those that build images have a counterpart. */
function isRunnable({ conversion }: WoodpeckerContext, step: WoodpeckerStep): boolean {
  if (step.commands.length > 0 || isBuilder(step)) return true;
  if (!step.hasImage) return false;
  leftOut(conversion, step.from, {
    what: `${step.name.slice(0, 40)} (${step.image.slice(0, 80)})`,
    why: 'plugins are not run.',
    whatToDo: 'Write what it does as commands.',
  });
  return false;
}

/** One after the other; those of a group beside each other. */
function inOrder({ names }: WoodpeckerContext, steps: readonly WoodpeckerStep[]): readonly Group[] {
  const groups: Group[] = [];
  let before: Group[] = [];
  let current: Group[] = [];
  let last: WoodpeckerStep | null = null;
  for (const step of steps) {
    const isBeside = last !== null && step.group !== null && step.group === last.group;
    const open = current.at(-1);
    if (!isBeside && last !== null && open !== undefined && canJoin(last, step)) {
      open.steps.push(step);
    } else {
      if (!isBeside) before = current.length === 0 ? before : [...reach(current)];
      if (!isBeside) current = [];
      const group: Group = { steps: [step], needs: before, id: names.fresh(step.name) };
      current.push(group);
      groups.push(group);
    }
    last = step;
  }
  return groups;
}

/** With those before, as far as one of them may be passed over. */
function reach(groups: readonly Group[]): ReadonlySet<Group> {
  const found = new Set<Group>();
  const add = (group: Group): void => {
    if (found.has(group) || found.size > 50) return;
    found.add(group);
    if (conditionOf(group) !== undefined) for (const each of group.needs) add(each);
  };
  for (const group of groups) add(group);
  return found;
}

/** In the same image, and without a fate of its own. */
const canJoin = (last: WoodpeckerStep, step: WoodpeckerStep): boolean =>
  last.image === step.image &&
  !isBuilder(step) &&
  !last.mayFail &&
  !step.mayFail &&
  last.group === null &&
  step.group === null &&
  last.user === step.user &&
  !isDocker(last) &&
  !isDocker(step) &&
  !asksForEnd(last) &&
  !asksForEnd(step);

/** Of everything before, which a step of a stage does not see. */
const asksForEnd = ({ condition }: WoodpeckerStep): boolean =>
  condition !== undefined && /\b(failure|always)\(\)/.test(condition);

const isDocker = (step: WoodpeckerStep): boolean =>
  step.commands.some(({ text }) => /^[ \t]*docker[ \t]+(buildx[ \t]+)?build\b/m.test(text));

function byDependency(
  { conversion, names }: WoodpeckerContext,
  steps: readonly WoodpeckerStep[],
): readonly Group[] {
  const groups = new Map<string, Group & { needs: Group[] }>();
  for (const step of steps) groups.set(step.name, { steps: [step], needs: [], id: names.fresh(step.name) });
  for (const step of steps) {
    for (const name of step.dependsOn ?? []) {
      const need = groups.get(name);
      if (need !== undefined) groups.get(step.name)?.needs.push(need);
      else
        changed(conversion, step.from, {
          what: `depends_on ${name.slice(0, 40)}`,
          why: 'that step is not here.',
        });
    }
  }
  return [...groups.values()];
}

/** What all steps of a stage ask is asked of the stage. */
function conditionOf(group: Group): string | undefined {
  const [first, ...rest] = group.steps;
  return rest.every((step) => step.condition === first?.condition) ? first?.condition : undefined;
}

const needsOf = (group: Group): readonly NeedDraft[] =>
  group.needs.map((need) => ({ stage: need.id, optional: conditionOf(need) !== undefined }));

function stagesOf(context: WoodpeckerContext, group: Group, isNeeded: boolean): readonly StageDraft[] {
  const [first] = group.steps;
  if (first === undefined) return [];
  const from = { start: first.from.start, end: group.steps.at(-1)?.from.end ?? first.from.end };
  const common = {
    needs: needsDraft(needsOf(group)),
    if: conditionOf(group),
    allow_failure: first.mayFail ? true : undefined,
  };
  if (isBuilder(first)) return pluginStages(context, first, group.id, common);
  const { conversion, names } = context;
  const image =
    group.steps.length > 1
      ? null
      : dockerStages({
          conversion,
          names,
          id: group.id,
          from,
          common,
          commands: first.commands,
          variables: new Map(),
        });
  if (image !== null) return image;
  if (isNeeded) {
    changed(conversion, first.from, {
      what: first.name.slice(0, 60),
      why: 'its folder goes on as artifacts, because another stage has another image.',
      whatToDo: 'Name under artifacts what is needed, or nothing.',
    });
  }
  const script = group.steps.flatMap((step) => step.commands.map((each) => each.text)).join('\n');
  return [
    {
      id: group.id,
      from,
      keys: {
        ...common,
        image: first.image,
        user: first.user ?? undefined,
        matrix: context.matrix,
        services: servicesDraft(context.services),
        env: stageEnv(context, group),
        checkout: context.checkout,
        shell: wantsBash(script) ? 'bash' : undefined,
        steps: listOf(group.steps.flatMap((step) => stepItems(group, step))),
        artifacts: isNeeded ? draftOf({ paths: draftList(['**']), keep: '1d' }) : undefined,
      },
    },
  ];
}

/** One step alone gives its variables to the stage; several keep their own. */
function stageEnv({ matrixNames }: WoodpeckerContext, group: Group): DraftMap {
  const env = draftMap();
  for (const name of matrixNames) put(env, name, `\${{ matrix.${name} }}`);
  const [first, second] = group.steps;
  if (first !== undefined && second === undefined) {
    for (const entry of first.env.entries)
      if (!env.entries.some((each) => each.key === entry.key)) env.entries.push(entry);
  }
  return env;
}

function stepItems(group: Group, step: WoodpeckerStep): readonly DraftItem[] {
  const isAlone = group.steps.length === 1;
  const condition = isAlone || conditionOf(group) !== undefined ? undefined : step.condition;
  if (isAlone || (condition === undefined && step.env.entries.length === 0)) return stepsOf(step.commands);
  // What has variables or a condition of its own is one step, so that both are said once.
  const run = escapeTemplate(step.commands.map((each) => each.text.trimEnd()).join('\n'));
  const name = step.name.slice(0, 100).replaceAll('${{', '');
  return [
    stepOf(
      { name: name.trim() === '' ? undefined : name, if: condition, env: step.env, run: clean(run) },
      step.from,
    ),
  ];
}

type Keys = Readonly<Record<string, DraftValue | undefined>>;

/** A plugin that builds an image, by its settings. */
function pluginStages(
  context: WoodpeckerContext,
  step: WoodpeckerStep,
  id: string,
  common: Keys,
): readonly StageDraft[] {
  const { conversion, matrixNames } = context;
  const text = (key: string): string | null => {
    const written = textOf(entryOf(step.settings, key)?.value);
    return written === null ? null : woodpeckerText(written, matrixNames);
  };
  const build = draftMap();
  const inside = (path: string): string => trimEnd(path.replace(/^(\.\/)+/, ''), '/');
  put(build, 'file', inside(text('dockerfile') ?? 'Dockerfile'), step.from);
  const folder = inside(text('context') ?? '.');
  if (folder !== '.' && folder !== '') put(build, 'context', folder, step.from);
  put(build, 'target', text('target') ?? undefined, step.from);
  put(build, 'args', buildArgs(step, matrixNames), step.from);
  const registry = (text('registry') ?? '').replace(/^https?:\/\//, '').replace(/\/.*$/s, '');
  const isDry = flag(step, 'dry_run') || flag(step, 'dry-run');
  const written = textsOf(entryOf(step.settings, 'tags')?.value ?? entryOf(step.settings, 'tag')?.value)
    .flatMap((each) => each.split(','))
    .map((each) => woodpeckerText(each.trim(), matrixNames))
    .filter((each) => each !== '');
  const usual = flag(step, 'auto_tag') ? "${{ event == 'tag' ? tag : 'latest' }}" : 'latest';
  const tags = written.length === 0 ? [usual] : written;
  const images = (text('repo') ?? '')
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '' && !isDry)
    .map((repo) => (registry === '' || repo.startsWith(`${registry}/`) ? repo : `${registry}/${repo}`))
    .flatMap((to) => tags.map((tag) => `${to}:${tag}`));
  const targets = targetsOf(images) ?? [];
  noteSettings(conversion, step);
  changed(conversion, step.from, {
    what: step.name.slice(0, 60),
    why: 'the image is built and pushed by stages of their own.',
    whatToDo:
      targets.length > 0
        ? 'Give the worker the credentials of the registry.'
        : 'Add a push stage where the image is to be published.',
  });
  const buildId = targets.length === 0 ? id : context.names.fresh(`${id}-image`);
  return [
    { id: buildId, from: step.from, keys: { ...common, build } },
    ...targets.map((target, index) => ({
      id: index === 0 ? id : context.names.fresh(`${id}-push`),
      from: step.from,
      keys: {
        needs: draftList([buildId]),
        if: common['if'],
        push: draftOf({ of: buildId, to: target.to, tags: draftList(target.tags) }),
      },
    })),
  ];
}

const flag = (step: WoodpeckerStep, key: string): boolean =>
  textOf(entryOf(step.settings, key)?.value) === 'true';

const readSettings: ReadonlySet<string> = new Set(
  'dockerfile context target build_args build_args_from_env repo registry tags tag auto_tag dry_run dry-run username password logins config email'.split(
    ' ',
  ),
);

function noteSettings(conversion: Conversion, step: WoodpeckerStep): void {
  for (const { key, keySpan } of entriesOf(step.settings)) {
    if (key === 'auto_tag')
      changed(conversion, keySpan, {
        what: key,
        why: 'the image gets the tag as it is, and not its shorter forms.',
        whatToDo: 'Write further ones under tags.',
      });
    if (!readSettings.has(key))
      leftOut(conversion, keySpan, {
        what: `settings: ${key.slice(0, 40)}`,
        why: 'no build or push stage has this setting of the plugin.',
      });
  }
}

function buildArgs(step: WoodpeckerStep, matrixNames: ReadonlySet<string>): DraftMap {
  const args = draftMap();
  const node = entryOf(step.settings, 'build_args')?.value;
  for (const { key, value } of entriesOf(node))
    if (isVariable(key)) put(args, key, woodpeckerText(textOf(value) ?? '', matrixNames));
  for (const written of textsOf(node)) {
    const at = written.indexOf('=');
    if (at > 0 && isVariable(written.slice(0, at)))
      put(args, written.slice(0, at), woodpeckerText(written.slice(at + 1), matrixNames));
  }
  return args;
}
