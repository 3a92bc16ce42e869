// A pipeline file and the files that it includes become one source: positions count through all of them, so that
// the readers of the language need not know where a stage stands.
import { globProblem } from '../trigger/match-glob.ts';
import type { YamlProblem } from './convert-yaml.ts';
import type { FileText, IncludeAnswer } from './included-files.ts';
import { normalisePath, pathProblem } from './read-path.ts';
import { maxFileBytes, readYaml } from './read-yaml.ts';
import { joinFiles, placeOf, type SourceFile } from './source-file.ts';
import type { TemplateAnswer } from './templates/template-definition.ts';
import {
  describeNode,
  type MapEntry,
  type MapNode,
  type ScalarNode,
  type SourceNode,
} from './source-node.ts';

/** What was read for a pipeline file beside itself. */
export interface FoundFiles {
  /** By pattern, from the repository's root. */
  readonly includes: ReadonlyMap<string, IncludeAnswer>;
  /** By `templateKey`. */
  readonly templates: ReadonlyMap<string, TemplateAnswer>;
  /** Lists that stages name, such as of accepted findings; by path, from the repository's root. */
  readonly lists: ReadonlyMap<string, IncludeAnswer>;
}

export const nothingFound: FoundFiles = {
  includes: new Map(),
  templates: new Map(),
  lists: new Map(),
};

export interface JoinedFiles {
  readonly source: SourceFile;
  /** Of the pipeline file, with the stages of all files; null when one of them could not be read. */
  readonly root: SourceNode | null;
  readonly problems: readonly YamlProblem[];
  /** Patterns that are not answered yet. */
  readonly wanted: readonly string[];
}

const maxFiles = 100;
/** Files that include each other in a row. */
const maxChain = 10;

export function joinIncluded(text: string, file: string, found: FoundFiles): JoinedFiles {
  const joining: Joining = {
    found,
    files: [],
    end: 0,
    isIncomplete: false,
    problems: [],
    clashes: [],
    stages: new Map(),
    wanted: new Map(),
  };
  const root = readFile(joining, { file, text }, []);
  const source = joinFiles(joining.files);
  const clashes = joining.clashes.map(({ entry, earlier }): YamlProblem => {
    const message = `There is a stage "${entry.key}" already, at ${placeOf(source, earlier.keySpan.start)}. Rename one of them.`;
    return { ...entry.keySpan, code: 'duplicate-stage', message };
  });
  return {
    source,
    root: joining.isIncomplete || root === null ? null : withStages(joining, root),
    problems: [...joining.problems, ...clashes],
    wanted: [...joining.wanted.keys()],
  };
}

interface Joining {
  readonly found: FoundFiles;
  readonly files: FileText[];
  /** Where the next file begins. */
  end: number;
  /** What is said about needs and names would be wrong while stages are missing. */
  isIncomplete: boolean;
  readonly problems: YamlProblem[];
  readonly clashes: { readonly entry: MapEntry; readonly earlier: MapEntry }[];
  readonly stages: Map<string, MapEntry>;
  readonly wanted: Map<string, true>;
}

/** `chain`: the files that led here, the pipeline file first. */
function readFile(joining: Joining, { file, text }: FileText, chain: readonly string[]): SourceNode | null {
  const start = joining.end;
  joining.files.push({ file, text });
  joining.end += text.length + 1;
  const { root, problems } = readYaml(text, start);
  joining.problems.push(...problems);
  if (chain.length > 0) checkIncluded(joining, root, problems.length > 0, start);
  if (root?.kind !== 'map') return root;
  addStages(joining, root);
  const include = root.entries.find(({ key }) => key === 'include');
  if (include !== undefined)
    for (const each of patternsOf(joining, include)) follow(joining, each, [...chain, file]);
  return root;
}

/** An included file holds stages; triggers and what stages have in common stand in the pipeline file. */
function checkIncluded(joining: Joining, root: SourceNode | null, isReported: boolean, start: number): void {
  const example = 'stages: { hello: { steps: [echo hello] } }';
  if (root?.kind !== 'map') {
    joining.isIncomplete = true;
    const at = root ?? { start, end: start + 1 };
    const what = root === null ? 'nothing' : describeNode(root);
    const message = `An included file must be a map with stages, not ${what}. Write ${example}.`;
    if (!isReported) joining.problems.push({ start: at.start, end: at.end, code: 'wrong-type', message });
    return;
  }
  for (const { key, keySpan } of root.entries) {
    if (key === 'stages' || key === 'include') continue;
    const message = `An included file holds stages and include only, not "${key}". Write ${key} in the pipeline file.`;
    joining.problems.push({ ...keySpan, code: 'unknown-key', message });
  }
}

function addStages(joining: Joining, root: MapNode): void {
  const stages = root.entries.find(({ key }) => key === 'stages')?.value;
  if (stages?.kind !== 'map') return;
  const own = new Set<string>();
  for (const entry of stages.entries) {
    const earlier = own.has(entry.key) ? undefined : joining.stages.get(entry.key);
    // Twice in one file was found when it was read.
    own.add(entry.key);
    if (earlier === undefined) joining.stages.set(entry.key, entry);
    else joining.clashes.push({ entry, earlier });
  }
}

/** `include: ./stages/*.yml`, or a list of such. */
function patternsOf(joining: Joining, { value }: MapEntry): readonly (ScalarNode & { value: string })[] {
  const items = value.kind === 'list' ? value.items : [value];
  return items.flatMap((item) => {
    if (item.kind === 'scalar' && typeof item.value === 'string' && item.value.trim() !== '')
      return [{ ...item, value: item.value }];
    const message = `include must be the path of a file, a pattern such as ./stages/*.yml, or a list of them, not ${describeNode(item)}.`;
    joining.isIncomplete = true;
    joining.problems.push({ start: item.start, end: item.end, code: 'wrong-type', message });
    return [];
  });
}

function follow(joining: Joining, node: ScalarNode & { value: string }, chain: readonly string[]): void {
  const { found, problems, wanted, files } = joining;
  const refuse = (code: string, message: string): void => {
    joining.isIncomplete = true;
    problems.push({ start: node.start, end: node.end, code, message: `include: ${message}` });
  };
  const pattern = resolve(chain.at(-1) ?? '', node.value);
  if (!pattern.ok) return refuse('path-leaves-repository', pattern.why);
  const answer = found.includes.get(pattern.path);
  if (answer === undefined) {
    if (wanted.size < maxFiles) wanted.set(pattern.path, true);
    return refuse('include-not-read', `"${pattern.path}" was not read: only this one file is at hand.`);
  }
  if (answer.kind === 'refused') return refuse('include-not-found', `"${pattern.path}" ${answer.why}`);
  for (const each of answer.files) {
    if (chain.includes(each.file)) {
      const circle = [...chain.slice(chain.indexOf(each.file)), each.file].join(' → ');
      return refuse('include-cycle', `these files include each other: ${circle}. Remove one of these lines.`);
    }
    if (files.some(({ file }) => file === each.file)) continue;
    const limit = whatIsTooMuch(joining, each, chain);
    if (limit !== null) return refuse('include-too-large', limit);
    readFile(joining, each, chain);
  }
}

function whatIsTooMuch({ files, end }: Joining, next: FileText, chain: readonly string[]): string | null {
  if (chain.length > maxChain)
    return `more than ${maxChain} files include each other in a row. Name them in one file.`;
  if (files.length > maxFiles)
    return `more than ${maxFiles} files are included. Put several stages into one.`;
  if (end + next.text.length > maxFileBytes)
    return 'all files of this pipeline together are larger than 1 MiB. Split it into several pipelines.';
  return null;
}

type Resolved = { readonly ok: true; readonly path: string } | { readonly ok: false; readonly why: string };

/** A path or pattern beside `file`, from the repository's root. */
function resolve(file: string, written: string): Resolved {
  const folder = file.slice(0, file.lastIndexOf('/') + 1);
  const refused = (why: string): Resolved => ({ ok: false, why });
  if (written.includes('${{')) return refused(`"${written}" is fixed and may not hold an expression.`);
  const problem = (written.startsWith('.') ? null : pathProblem(written)) ?? pathProblem(folder + written);
  if (problem !== null)
    return refused(`the path ${problem} Name files of this repository, such as ./stages/*.yml.`);
  const path = normalisePath(folder + written);
  const fault = globProblem(path);
  return fault === null ? { ok: true, path } : refused(fault);
}

function withStages({ files, stages }: Joining, root: SourceNode): SourceNode {
  if (root.kind !== 'map' || files.length === 1) return root;
  const entries = [...stages.values()];
  const own = root.entries.find(({ key }) => key === 'stages');
  const include = root.entries.find(({ key }) => key === 'include');
  const place = own ?? include;
  if (place === undefined || (own !== undefined && own.value.kind !== 'map')) return root;
  const size = entries.reduce((sum, entry) => sum + 1 + entry.value.size, 1);
  const value: MapNode = { kind: 'map', entries, size, start: place.value.start, end: place.value.end };
  const others = root.entries.filter(({ key }) => key !== 'stages');
  return { ...root, entries: [...others, { key: 'stages', keySpan: place.keySpan, value }] };
}
