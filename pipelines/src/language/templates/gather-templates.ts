// Which template files a pipeline needs, found by asking for those that are named until no new one is.
import { entriesOf, nodeAt } from '../find-node.ts';
import { joinIncluded, type FoundFiles } from '../join-files.ts';
import { readYaml } from '../read-yaml.ts';
import { fileAt } from '../source-file.ts';
import type { SourceNode } from '../source-node.ts';
import type { TemplateAnswer, TemplateName, TemplatePlace } from './template-definition.ts';
import { readTemplateName, templateKey } from './template-name.ts';

/** Null: somebody else reads this one. */
export type ReadTemplateFile = (name: TemplateName) => Promise<TemplateAnswer | null>;

export interface FileWithFound {
  readonly file: string;
  readonly text: string;
  readonly found: FoundFiles;
}

/** Files; each is read once, however often it is used. */
const mostTemplates = 100;
/** Of all templates together. */
const mostCharacters = 4 * 1_048_576;

/** What was found before, with the templates that `read` knows. */
export async function gatherTemplates(
  { file, text, found }: FileWithFound,
  read: ReadTemplateFile,
): Promise<FoundFiles> {
  const templates = new Map(found.templates);
  const asked = new Set<string>();
  const open = [...namesIn(file, text, found), ...[...templates.values()].flatMap(within)];
  let left = mostCharacters;
  for (let name = open.shift(); name !== undefined; name = open.shift()) {
    const key = templateKey(name);
    if (templates.has(key) || asked.has(key)) continue;
    asked.add(key);
    const answer = asked.size > mostTemplates ? tooMany : await read(name);
    if (answer === null) continue;
    left -= answer.kind === 'found' ? answer.text.length : 0;
    templates.set(key, left < 0 ? tooLarge : answer);
    if (left >= 0) open.push(...within(answer));
  }
  return { ...found, templates };
}

const tooMany: TemplateAnswer = {
  kind: 'refused',
  why: `is one template more than the ${mostTemplates} that one pipeline may use. Put several into one file.`,
};
const tooLarge: TemplateAnswer = {
  kind: 'refused',
  why: 'is not read, because all templates of this pipeline together are larger than 4 MiB. Split the pipeline.',
};

function namesIn(file: string, text: string, found: FoundFiles): readonly TemplateName[] {
  const { root, source } = joinIncluded(text, file, found);
  return namesOf(root, (node) => ({ file: fileAt(source, node.start), remote: null }));
}

function within(answer: TemplateAnswer): readonly TemplateName[] {
  if (answer.kind === 'refused') return [];
  const place = placeIn(answer);
  return namesOf(readYaml(answer.text).root, () => place);
}

/** Where a template looks for templates beside itself. */
export function placeIn({
  path,
  repository,
  commit,
}: Extract<TemplateAnswer, { readonly kind: 'found' }>): TemplatePlace {
  return {
    file: path,
    remote: repository === null ? null : { repository, commit: commit ?? 'HEAD' },
  };
}

function namesOf(
  root: SourceNode | null,
  placeOf: (node: SourceNode) => TemplatePlace,
): readonly TemplateName[] {
  return entriesOf(nodeAt(root ?? undefined, 'stages')).flatMap(({ value }) => {
    const use = nodeAt(value, 'use');
    if (use?.kind !== 'scalar' || typeof use.value !== 'string') return [];
    const name = readTemplateName(use.value, placeOf(use));
    return name.ok ? [name.value] : [];
  });
}
