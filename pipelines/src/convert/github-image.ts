// docker/build-push-action → a build stage and a push stage for each repository.
import type { Span } from '../language/source-file.ts';
import type { SourceNode } from '../language/source-node.ts';
import { changed, entriesOf, entryOf, leftOut, textOf, type Conversion } from './conversion.ts';
import { targetsOf, type DockerWork } from './docker-script.ts';
import { draftList, draftMap, draftOf, put, type DraftMap, type DraftValue } from './draft.ts';
import type { GithubScope } from './github-expressions.ts';
import { conditionOf } from './github-conditions.ts';
import { githubText } from './github-text.ts';
import type { Taken } from './take-keys.ts';
import { isVariable, type StageNames } from './names.ts';
import type { StageDraft } from './pipeline-draft.ts';
import { trimEnd } from '../trim-end.ts';

type Keys = Readonly<Record<string, DraftValue | undefined>>;

export interface ImageStages {
  /** In place of a job that does nothing else: the last of them has the job's own name. */
  readonly stages: (names: StageNames, id: string, from: Span, common: Keys) => readonly StageDraft[];
  /** After the steps of the same job. */
  readonly after: (
    names: StageNames,
    id: string,
    from: Span,
    checkout: DraftValue | undefined,
  ) => readonly StageDraft[];
}

/** Inputs that change what is built. */
const withoutCounterpart: Readonly<Record<string, string>> = {
  platforms: 'an image is built for the platform of the worker.',
  labels: 'an image has the labels of its Dockerfile.',
  secrets: 'secrets of a build are named by build: { secrets }.',
  'secret-files': 'secrets of a build are named by build: { secrets }.',
  ssh: 'a build has no agent for SSH.',
  'build-contexts': 'a build has one context.',
  outputs: 'a build makes an image, which push stages publish.',
};

export function githubImage(
  conversion: Conversion,
  scope: GithubScope,
  keys: Taken,
  inputs: SourceNode | undefined,
  place: SourceNode,
  hasSteps: boolean,
): ImageStages {
  const read = (name: string): string | null => {
    const node = entryOf(inputs, name)?.value;
    const text = textOf(node);
    return node === undefined || text === null ? null : githubText({ conversion, scope, span: node }, text);
  };
  for (const { key, keySpan } of entriesOf(inputs)) {
    const why = Object.hasOwn(withoutCounterpart, key) ? withoutCounterpart[key] : undefined;
    if (why !== undefined) leftOut(conversion, keySpan, { what: `build-push-action: ${key}`, why });
  }
  const build = buildOf(read);
  const targets = pushTargets(conversion, read, inputs, place);
  const condition = conditionOf(conversion, scope, keys.get('if'));
  changed(conversion, place, {
    what: 'docker/build-push-action',
    why: `the image is built from the repository${hasSteps ? ', without what steps before have made,' : ''} by a stage of its own.`,
    whatToDo: targets.length > 0 ? 'Give the worker the credentials of the registry.' : '',
  });
  const pushes = (
    names: StageNames,
    id: string,
    buildId: string,
    from: Span,
    first: string | null,
    common: Keys,
  ): StageDraft[] =>
    targets.map(({ to, tags }, index) => ({
      id: index === 0 && first !== null ? first : names.fresh(`${id}-push`),
      from,
      keys: {
        needs: draftList([buildId]),
        if: common['if'],
        push: draftOf({ of: buildId, to, tags: draftList(tags) }),
      },
    }));
  return {
    stages: (names, id, from, common) => {
      const own: Keys = { ...common, if: common['if'] ?? condition, matrix: undefined };
      const buildId = targets.length === 0 ? id : names.fresh(`${id}-image`);
      return [{ id: buildId, from, keys: { ...own, build } }, ...pushes(names, id, buildId, from, id, own)];
    },
    after: (names, id, from, checkout) => {
      const buildId = names.fresh(`${id}-image`);
      return [
        { id: buildId, from, keys: { needs: draftList([id]), if: condition, checkout, build } },
        ...pushes(names, id, buildId, from, null, { if: condition }),
      ];
    },
  };
}

function buildOf(read: (name: string) => string | null): DraftMap {
  const build = draftMap();
  const inside = (path: string): string => trimEnd(path.replace(/^(\.\/)+/, ''), '/');
  const context = read('context');
  if (context !== null && !['', '.'].includes(inside(context)) && !/[:$]/.test(context))
    put(build, 'context', inside(context));
  const file = read('file');
  if (file !== null && file !== '') put(build, 'file', inside(file));
  const target = read('target');
  if (target !== null && target !== '') put(build, 'target', target);
  const args = draftMap();
  for (const line of (read('build-args') ?? '').split('\n')) {
    const at = line.indexOf('=');
    const name = line.slice(0, at).trim();
    if (at > 0 && isVariable(name)) put(args, name, line.slice(at + 1).trim());
  }
  put(build, 'args', args);
  if (build.entries.length === 0) put(build, 'file', 'Dockerfile');
  return build;
}

function pushTargets(
  conversion: Conversion,
  read: (name: string) => string | null,
  inputs: SourceNode | undefined,
  place: SourceNode,
): DockerWork['targets'] {
  const push = textOf(entryOf(inputs, 'push')?.value) ?? 'false';
  if (push === 'false') return [];
  const images = (read('tags') ?? '')
    .split(/[\n,]/)
    .map((each) => each.trim())
    .filter((each) => each !== '');
  const targets = targetsOf(images.map((each) => each.replace(/\$\{\{ env\.(\w+) \}\}/g, '${{ env.$1 }}')));
  if (targets !== null && targets.length > 0) return targets;
  leftOut(conversion, entryOf(inputs, 'tags')?.value ?? place, {
    what: 'tags',
    why: 'the names of the image are not written out.',
    whatToDo: 'Add a push stage: push: { of: STAGE, to: registry.example.com/NAME }.',
  });
  return [];
}
