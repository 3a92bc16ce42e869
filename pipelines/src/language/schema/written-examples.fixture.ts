// Every pipeline that the documentation and the examples show.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { aFileTree } from '../file-tree.fixture.ts';
import type { FileTree } from '../find-files.ts';
import { pipelineKeys } from '../keys/pipeline-keys.ts';
import { isTemplate } from '../templates/parse-template.ts';
import type { RemoteFiles } from '../templates/remote-templates.fixture.ts';

export interface WrittenExample {
  /** `docs/language.md:120`, `examples/matrix/.sluice.yml`. */
  readonly place: string;
  /** A whole pipeline. */
  readonly text: string;
  /** The warning that it shows; null: none. */
  readonly warning: string | null;
  /** The files beside it that it may name. */
  readonly tree: FileTree;
  /** Files of other repositories that it may use, by `owner/name/path@version`. */
  readonly remote: RemoteFiles;
}

const root = fileURLToPath(new URL('../../../../', import.meta.url));

export function writtenExamples(): readonly WrittenExample[] {
  const folders = readdirSync(`${root}examples`).filter((name) =>
    existsSync(`${root}examples/${name}/.sluice.yml`),
  );
  const pages = ['README.md', ...readdirSync(`${root}docs`).map((name) => `docs/${name}`)];
  return [
    ...folders.map((name) => exampleIn(`examples/${name}`)),
    ...pages
      .filter((page) => page.endsWith('.md'))
      .flatMap((page) => pipelinesOf(page, readFileSync(root + page, 'utf8'))),
  ];
}

/** Every template that they show, as text by where it stands. */
export function writtenTemplates(): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const take = (place: string, text: string): void => {
    if (isTemplate(text)) found.set(place, text);
  };
  for (const path of readdirSync(`${root}examples`, { recursive: true, encoding: 'utf8' }))
    if (path.endsWith('.yml')) take(`examples/${path}`, readFileSync(`${root}examples/${path}`, 'utf8'));
  for (const page of readdirSync(`${root}docs`).filter((name) => name.endsWith('.md'))) {
    const text = readFileSync(`${root}docs/${page}`, 'utf8');
    for (const match of text.matchAll(/^```yaml\n([\s\S]*?)^```/gm))
      take(`docs/${page}:${text.slice(0, match.index).split('\n').length + 1}`, match[1] ?? '');
  }
  return found;
}

function exampleIn(folder: string): WrittenExample {
  const paths = readdirSync(root + folder, { recursive: true, encoding: 'utf8' });
  const files = paths
    .filter((path) => path.endsWith('.yml'))
    .map((path): [string, string] => [path, readFileSync(`${root}${folder}/${path}`, 'utf8')]);
  const place = `${folder}/.sluice.yml`;
  const tree = aFileTree(Object.fromEntries(files));
  return { place, text: readFileSync(root + place, 'utf8'), warning: null, tree, remote: {} };
}

/**
 * Blocks of a page that are pipelines, or a part of one that a pipeline can be made around. A block that begins with
 * a path in a comment is that file, beside all of them.
 */
function pipelinesOf(page: string, text: string): readonly WrittenExample[] {
  const blocks = [...text.matchAll(/^```yaml(?: warning=(\S+))?\n([\s\S]*?)^```/gm)];
  const files = blocks.flatMap(([, , block = '']) => {
    const [, path] = fileName.exec(block) ?? [];
    return path === undefined ? [] : [[path, block] as const];
  });
  const tree = aFileTree(Object.fromEntries(files));
  const remote = Object.fromEntries(
    files.flatMap(([path, block]) => [
      [path, block],
      [path.replace(/@v\d+$/, '@main'), block],
    ]),
  );
  return blocks.flatMap((match) => {
    const [, warning = null, block = ''] = match;
    const line = text.slice(0, match.index).split('\n').length + 1;
    const whole = fileName.test(block) ? null : wholePipeline(block);
    return whole === null ? [] : [{ place: `${page}:${line}`, text: whole, warning, tree, remote }];
  });
}

const fileName = /^# ([\w./-]+\.yml(?:@[\w.]+)?)\n/;

/** An example of one key leaves out what it is not about; null: the block is no pipeline. */
function wholePipeline(block: string): string | null {
  const keys = [...block.matchAll(/^([a-z_]+):/gm)].flatMap(([, key]) => (key === undefined ? [] : [key]));
  if (keys.length === 0) return null;
  if (keys.every((key) => key === 'deploy')) return `on: push\n${deployable}${block.replace(/^/gm, '    ')}`;
  if (!keys.every((key) => Object.hasOwn(pipelineKeys, key))) return null;
  const on = keys.includes('on') ? '' : 'on: push\n';
  return (
    block +
    on +
    (keys.includes('stages') ? '' : "stages: { hello: { image: 'busybox:1', steps: [echo hello] } }\n")
  );
}

const deployable = `stages:
  image: { build: {} }
  push: { needs: [image], push: { of: image, to: registry.example.com/shop } }
  deploy:
    needs: [push]
`;
