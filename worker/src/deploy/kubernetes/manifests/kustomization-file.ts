// What one kustomization.yaml takes in, as it is written. Pure.
import { isMap, isScalar, LineCounter, parseAllDocuments } from 'yaml';
import { DeployProblem } from '../../deploy-problem.ts';

export interface Taken {
  /** `k8s/kustomization.yaml:3`. */
  readonly place: string;
  readonly key: string;
  readonly path: string;
  readonly mayBeFolder: boolean;
}

/** Rejects what cannot be read, runs plug-ins, or inflates charts. `file` begins messages. */
export function takenIn(text: string, file: string): readonly Taken[] {
  const { content, placeOf } = readMap(text, file);
  return Object.entries(content).flatMap(([key, value]) => {
    const place = placeOf(key);
    const word = key.toLowerCase(); // kustomize does not tell upper from lower case in keys
    if (charts.has(word)) {
      throw refused(
        place,
        `${key} inflates charts, which is not done here: give the stage a \`chart\` instead`,
      );
    }
    if (plugins.has(word)) {
      throw refused(place, `${key} runs plug-ins, which is not done here: write what they do as patches`);
    }
    return pathsOf(word, value).map((path) => ({
      place,
      key,
      path,
      mayBeFolder: filesOrFolders.has(word),
    }));
  });
}

export function refused(place: string, why: string): DeployProblem {
  return new DeployProblem('manifest-refused', `${place}: ${why}.`);
}

const charts: ReadonlySet<string> = new Set(['helmcharts', 'helmchartinflationgenerator', 'helmglobals']);
const plugins: ReadonlySet<string> = new Set(['generators', 'transformers', 'validators']);
const filesOrFolders: ReadonlySet<string> = new Set(['resources', 'bases', 'components']);

function pathsOf(word: string, value: unknown): readonly string[] {
  if (filesOrFolders.has(word)) return textsOf(value);
  switch (word) {
    case 'crds':
    case 'configurations':
      return textsOf(value);
    case 'patchesstrategicmerge': // a patch itself may stand there
      return textsOf(value).filter((text) => !/\n|^\s*\{/.test(text));
    case 'patches':
    case 'patchesjson6902':
    case 'replacements':
    case 'openapi':
      return inMaps(value, ['path']);
    case 'configmapgenerator':
    case 'secretgenerator':
      return inMaps(value, ['files', 'env', 'envs']).map((text) => text.replace(/^[^=]*=/, ''));
    default:
      return [];
  }
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [value]);
const textsOf = (value: unknown): readonly string[] =>
  listOf(value).filter((each): each is string => typeof each === 'string');

const inMaps = (value: unknown, names: readonly string[]): readonly string[] =>
  listOf(value).flatMap((each) =>
    typeof each === 'object' && each !== null
      ? Object.entries(each).flatMap(([key, held]) =>
          names.includes(key.toLowerCase()) ? textsOf(held) : [],
        )
      : [],
  );

interface ReadMap {
  readonly content: Readonly<Record<string, unknown>>;
  readonly placeOf: (key: string) => string;
}

function readMap(text: string, file: string): ReadMap {
  const lineCounter = new LineCounter();
  const documents = parseAllDocuments(text, { lineCounter, merge: true });
  const [document] = documents;
  if (document === undefined || documents.length !== 1) throw refused(file, 'must hold one YAML document');
  const lineOf = (offset: number): number => lineCounter.linePos(offset).line;
  const [error] = document.errors;
  if (error !== undefined) {
    throw refused(`${file}:${lineOf(error.pos[0])}`, error.message.split('\n')[0] ?? 'is no YAML');
  }
  const { contents } = document;
  if (!isMap(contents)) throw refused(file, 'must be a map');
  const lines = new Map(
    contents.items.flatMap(({ key }) =>
      isScalar(key) && key.range ? [[String(key.value), lineOf(key.range[0])] as const] : [],
    ),
  );
  const content: unknown = document.toJS();
  return {
    content: typeof content === 'object' && content !== null ? { ...content } : {},
    placeOf: (key) => (lines.has(key) ? `${file}:${lines.get(key)}` : file),
  };
}
