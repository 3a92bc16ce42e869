// The steps of a job: commands stay steps, known actions become keys of the stage.
import type { Span } from '../language/source-file.ts';
import type { MapEntry, SourceNode } from '../language/source-node.ts';
import {
  changed,
  entriesOf,
  entryOf,
  isTrue,
  itemsOf,
  leftOut,
  textOf,
  type Conversion,
} from './conversion.ts';
import { depthOf, type CheckoutHints } from './checkout-draft.ts';
import { draftList, draftMap, draftOf, type DraftItem, type DraftMap, type DraftValue } from './draft.ts';
import { knownAction, plainVersion, toolCaches, toolVersion, type ToolAction } from './github-actions.ts';
import type { GithubScope } from './github-expressions.ts';
import { githubImage, type ImageStages } from './github-image.ts';
import { conditionOf, timeoutOf } from './github-conditions.ts';
import { addEnv } from './github-env.ts';
import { githubCommand, githubText } from './github-text.ts';
import { takeKeys, type Taken } from './take-keys.ts';
import { quoted } from './names.ts';
import { fileGlobs } from './paths.ts';
import { clean, item, stepOf, wantsBash } from './script.ts';

export interface GithubSteps {
  readonly items: DraftItem[];
  readonly caches: DraftValue[];
  readonly toolImage: string | null;
  readonly wantsBash: boolean;
  readonly artifacts: DraftValue | undefined;
  readonly checkout: CheckoutHints;
  /** The build and push of an image, which are stages of their own. */
  readonly image: ImageStages | null;
}

interface Reading {
  readonly conversion: Conversion;
  readonly scope: GithubScope;
  readonly items: DraftItem[];
  readonly caches: DraftValue[];
  readonly uploads: { paths: string[]; keep: string | null; condition: string | null };
  toolImage: string | null;
  wantsBash: boolean;
  image: ImageStages | null;
  checkout: CheckoutHints;
}

interface StepsSource {
  readonly conversion: Conversion;
  readonly scope: GithubScope;
  readonly steps: SourceNode | undefined;
  /** Of the workflow, then of the job. */
  readonly defaults: readonly (SourceNode | undefined)[];
  readonly stage: string;
}

const mostSteps = 500;

export function githubSteps({ conversion, scope, steps, defaults }: StepsSource): GithubSteps {
  const reading: Reading = {
    conversion,
    scope,
    items: [],
    caches: [],
    uploads: { paths: [], keep: null, condition: null },
    toolImage: null,
    wantsBash: false,
    image: null,
    checkout: { depth: null, submodules: false },
  };
  const runDefaults = defaults.map((node) =>
    takeKeys(conversion, takeKeys(conversion, node, 'defaults').get('run')?.value, 'defaults.run'),
  );
  const shell =
    runDefaults.map((keys) => textOf(keys.get('shell')?.value)).findLast((each) => each !== null) ?? null;
  const folder =
    runDefaults
      .map((keys) => textOf(keys.get('working-directory')?.value))
      .findLast((each) => each !== null) ?? null;
  for (const node of itemsOf(steps).slice(0, mostSteps)) {
    const keys = takeKeys(conversion, node, 'step');
    const uses = textOf(keys.get('uses')?.value);
    if (uses !== null) readAction(reading, keys, uses, node);
    else if (keys.has('run')) readCommand(reading, keys, shell, folder, node);
    else if (node.kind !== 'scalar' || node.value !== null)
      leftOut(conversion, node, { what: 'a step', why: 'it has neither run nor uses.' });
  }
  const { paths, keep, condition } = reading.uploads;
  const artifacts =
    paths.length === 0
      ? undefined
      : draftOf({
          paths: draftList([...new Set(paths)]),
          keep: keep ?? undefined,
          if: condition ?? undefined,
        });
  return { ...reading, artifacts };
}

function readCommand(
  reading: Reading,
  keys: Taken,
  defaultShell: string | null,
  defaultFolder: string | null,
  node: SourceNode,
): void {
  const { conversion, scope } = reading;
  const run = keys.get('run');
  const written = textOf(run?.value);
  if (run === undefined || written === null || clean(written).trim() === '') return;
  const shell = textOf(keys.get('shell')?.value) ?? defaultShell;
  if (shell !== null && !/^(bash|sh)\b/.test(shell)) {
    leftOut(conversion, keys.get('shell')?.value ?? run.keySpan, {
      what: `shell: ${shell.slice(0, 40)}`,
      why: 'steps are run by sh or bash.',
      whatToDo: 'Call the program in a command.',
    });
    return;
  }
  const env = draftMap();
  addEnv(conversion, scope, keys.get('env'), env);
  const command = githubCommand({ conversion, scope, span: run.value }, written);
  for (const entry of command.env.entries)
    if (!env.entries.some((each) => each.key === entry.key)) env.entries.push(entry);
  reading.wantsBash ||= shell?.startsWith('bash') === true || wantsBash(written);
  const folder = textOf(keys.get('working-directory')?.value) ?? defaultFolder;
  let text = withoutSudo(conversion, command.run, run);
  if (folder !== null && folder !== '.' && folder !== './')
    text = `cd ${folderWord(reading, folder, run.value, env)}\n${text}`;
  if (isTrue(keys.get('continue-on-error')?.value))
    text = `(\n${text}\n) || echo 'this step failed, and the stage goes on'`;
  addStep(reading, keys, text, env, node);
}

/** Steps run as root of their container, and hardly any image has sudo. */
function withoutSudo(conversion: Conversion, run: string, entry: MapEntry): string {
  const text = run.replace(
    /((?:^|[;&|(])[ \t]*|\b(?:then|do|else|if|xargs)[ \t]+)sudo[ \t]+(?=[\w./])/gm,
    '$1',
  );
  if (text !== run)
    changed(conversion, entry.value, {
      what: 'sudo',
      why: 'steps run as root of their container, so that it is not written.',
    });
  return text;
}

/** A folder as one word of a shell. */
function folderWord(reading: Reading, folder: string, span: Span, env: DraftMap): string {
  const { run, env: read } = githubCommand({ ...reading, span }, folder);
  for (const entry of read.entries)
    if (!env.entries.some((each) => each.key === entry.key)) env.entries.push(entry);
  return /^[\w./-]+$/.test(run) ? run : `"${run.replace(/["\\`]/g, '\\$&')}"`;
}

function addStep(reading: Reading, keys: Taken, run: string, env: DraftMap, node: SourceNode): void {
  const { conversion, scope } = reading;
  const named = textOf(keys.get('name')?.value);
  const name =
    named === null || named.includes('${{') ? undefined : clean(named).replace(/\n/g, ' ').slice(0, 200);
  const condition = conditionOf(conversion, scope, keys.get('if'));
  const timeout = timeoutOf(conversion, keys.get('timeout-minutes'));
  const isPlain =
    (name === undefined || name.trim() === '') &&
    condition === undefined &&
    timeout === undefined &&
    env.entries.length === 0;
  reading.items.push(
    isPlain
      ? item(run, node)
      : stepOf({ name: name?.trim() === '' ? undefined : name, if: condition, env, timeout, run }, node),
  );
}

function readAction(reading: Reading, keys: Taken, uses: string, node: SourceNode): void {
  const { conversion } = reading;
  const action = knownAction(uses);
  const inputs = keys.get('with')?.value;
  const place = keys.get('uses')?.value ?? node;
  if (uses.startsWith('docker://') || action === null) {
    const isLocal = uses.startsWith('./');
    leftOut(conversion, place, {
      what: uses.slice(0, 80),
      why: isLocal ? 'actions of the repository are not read.' : 'actions of others are not run.',
      whatToDo: 'Write what it does as a command.',
    });
    return;
  }
  switch (action.kind) {
    case 'checkout':
      return readCheckout(reading, inputs);
    case 'tool':
      return useTool(reading, action, uses, inputs, place);
    case 'cache':
      noteOwnCondition(conversion, keys, 'a cache is restored and saved');
      return addCache(reading, inputs, place);
    case 'caches':
      reading.caches.push(cacheOf(action.word, action.paths, action.files, node));
      return;
    case 'upload':
      return addUpload(reading, keys, inputs);
    case 'download':
      return changed(conversion, place, {
        what: 'actions/download-artifact',
        why: 'files of the stages in needs are in the workspace, each at the path where it was made.',
        whatToDo: 'Name under needs the stages that keep them, and look for them there.',
      });
    case 'command':
      return addStep(reading, keys, action.run, draftMap(), node);
    case 'docker-build':
      reading.image = githubImage(conversion, reading.scope, keys, inputs, place, reading.items.length > 0);
      return;
    case 'left-out':
      return leftOut(conversion, place, {
        what: uses.slice(0, 80),
        why: action.why,
        whatToDo: action.whatToDo,
      });
    case 'nothing':
      return;
  }
}

/** What is a key of the stage has no condition of its own. */
function noteOwnCondition(conversion: Conversion, keys: Taken, what: string): void {
  const entry = keys.get('if');
  if (entry !== undefined)
    changed(conversion, entry.keySpan, { what: 'if', why: `${what} whenever the stage runs.` });
}

/** Inputs by which nothing changes here. */
const withoutEffect = [
  'persist-credentials',
  'clean',
  'token',
  'fetch-tags',
  'show-progress',
  'set-safe-directory',
];

function readCheckout(reading: Reading, inputs: SourceNode | undefined): void {
  // One of another repository, or into another folder, says nothing of the workspace itself.
  const isOwn = !entriesOf(inputs).some(({ key }) => key === 'repository' || key === 'path');
  for (const { key, keySpan, value } of entriesOf(inputs)) {
    if (withoutEffect.includes(key)) continue;
    const text = textOf(value);
    const depth = key === 'fetch-depth' ? depthOf(text) : null;
    const submodules = key === 'submodules' ? readSubmodules(text) : null;
    if (isOwn && depth !== null) reading.checkout = { ...reading.checkout, depth };
    else if (isOwn && submodules !== null) reading.checkout = { ...reading.checkout, submodules };
    else
      changed(reading.conversion, keySpan, {
        what: `checkout: ${key.slice(0, 40)}`,
        why: 'the checkout is of the repository and commit of the run.',
        whatToDo: 'Fetch it in a step.',
      });
  }
}

function readSubmodules(text: string | null): CheckoutHints['submodules'] | null {
  if (text === 'recursive') return text;
  return text === 'true' || text === 'false' ? text === 'true' : null;
}

function useTool(
  reading: Reading,
  action: ToolAction,
  uses: string,
  inputs: SourceNode | undefined,
  place: SourceNode,
): void {
  const { conversion, scope } = reading;
  const written = toolVersion(action, uses, inputs);
  const whole = textOf(
    action.versions.map((name) => entryOf(inputs, name)?.value).find((each) => each !== undefined),
  );
  const text =
    whole?.includes('${{') === true ? githubText({ conversion, scope, span: place }, whole.trim()) : null;
  const version =
    text ?? (written.includes('${{') ? action.fallback : plainVersion(written, action.fallback));
  const image = `${action.image}:${version}${action.suffix ?? ''}`;
  noteVersion(conversion, { written, version, image, file: versionFile(inputs) }, place);
  if (reading.toolImage === null) reading.toolImage = image;
  else if (reading.toolImage !== image)
    leftOut(conversion, place, {
      what: uses.slice(0, 80),
      why: `a stage has one image, and this one has ${reading.toolImage} already.`,
      whatToDo: 'Use an image that has both, or install it in a step.',
    });
  const kept = textOf(entryOf(inputs, 'cache')?.value) ?? '';
  const cache = Object.hasOwn(toolCaches, kept) ? toolCaches[kept] : undefined;
  if (cache !== undefined) reading.caches.push(cacheOf(kept, cache.paths, cache.files, place));
}

/** The key by which an action reads the version from a file. */
const versionFile = (inputs: SourceNode | undefined): string | null =>
  entriesOf(inputs).find(({ key }) => key.endsWith('-version-file'))?.key ?? null;

interface ToolChoice {
  readonly written: string;
  readonly version: string;
  readonly image: string;
  readonly file: string | null;
}

/** An image has a tag that says about the same; a moving or computed version has not. */
function noteVersion(
  conversion: Conversion,
  { written, version, image, file }: ToolChoice,
  place: SourceNode,
): void {
  const isOther =
    /^(beta|canary|nightly)/i.test(written) || (written.includes('${{') && !version.includes('${{'));
  if (file !== null || isOther)
    changed(conversion, place, {
      what: file ?? written.slice(0, 40),
      why: `the version is not looked up, and the image is ${image}.`,
      whatToDo: 'Name the image of the version that you mean.',
    });
}

const cacheOf = (word: string, paths: readonly string[], files: readonly string[], from: Span): DraftValue =>
  draftOf(
    {
      key: `${word}-\${{ hash(${files.map(quoted).join(', ')}) }}`,
      restore: draftList([`${word}-`]),
      paths: draftList(paths),
    },
    from,
  );

function addCache(reading: Reading, inputs: SourceNode | undefined, place: SourceNode): void {
  const { conversion, scope } = reading;
  const read = (name: string): string | null => {
    const node = entryOf(inputs, name)?.value;
    return node === undefined ? null : githubText({ conversion, scope, span: node }, textOf(node) ?? '');
  };
  const lines = (text: string | null): readonly string[] =>
    (text ?? '')
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '');
  const key = read('key');
  const paths = lines(read('path')).filter((path) => !path.startsWith('!'));
  if (key === null || key.trim() === '' || paths.length === 0) {
    leftOut(conversion, place, { what: 'actions/cache', why: 'its key or paths are not carried over.' });
    return;
  }
  const restore = lines(read('restore-keys'));
  reading.caches.push(
    draftOf(
      {
        key: key.trim(),
        restore: restore.length === 0 ? undefined : draftList(restore),
        paths: draftList(paths),
      },
      place,
    ),
  );
}

function addUpload(reading: Reading, keys: Taken, inputs: SourceNode | undefined): void {
  const { conversion, scope } = reading;
  const entry = entryOf(inputs, 'path');
  if (entry === undefined) return;
  const text = githubText({ conversion, scope, span: entry.value }, textOf(entry.value) ?? '');
  for (const line of (text ?? '').split('\n')) {
    if (line.trim() === '') continue;
    if (line.includes('${{')) {
      leftOut(conversion, entry.value, {
        what: line.trim().slice(0, 80),
        why: 'the path of an artifact is not computed.',
        whatToDo: 'Write under artifacts a pattern that fits it.',
      });
      continue;
    }
    reading.uploads.paths.push(
      ...fileGlobs(conversion, { ...entry.value, kind: 'scalar', value: line.trim(), written: line.trim() }),
    );
  }
  const days = Number(textOf(entryOf(inputs, 'retention-days')?.value) ?? Number.NaN);
  if (Number.isInteger(days) && days > 0) reading.uploads.keep = `${Math.min(days, 30)}d`;
  const condition = conditionOf(conversion, scope, keys.get('if'));
  if (condition !== undefined && /^(always|failure|success|!cancelled)\(\)$|^!cancelled\(\)$/.test(condition))
    reading.uploads.condition = condition;
  else noteOwnCondition(conversion, keys, 'artifacts are kept');
}
