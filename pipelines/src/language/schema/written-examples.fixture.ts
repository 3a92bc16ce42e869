// Every pipeline that the documentation and the examples show.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { pipelineKeys } from '../keys/pipeline-keys.ts';

export interface WrittenExample {
  /** `docs/language.md:120`, `examples/matrix/.sluice.yml`. */
  readonly place: string;
  /** A whole pipeline. */
  readonly text: string;
  /** The warning that it shows; null: none. */
  readonly warning: string | null;
}

const root = fileURLToPath(new URL('../../../../', import.meta.url));

export function writtenExamples(): readonly WrittenExample[] {
  const folders = readdirSync(`${root}examples`).map((name) => `examples/${name}/.sluice.yml`);
  const files = folders.filter((file) => existsSync(root + file));
  const pages = ['README.md', ...readdirSync(`${root}docs`).map((name) => `docs/${name}`)];
  return [
    ...files.map((file) => ({ place: file, text: readFileSync(root + file, 'utf8'), warning: null })),
    ...pages
      .filter((page) => page.endsWith('.md'))
      .flatMap((page) => pipelinesOf(page, readFileSync(root + page, 'utf8'))),
  ];
}

/** Blocks of a page that are pipelines, or a part of one that a pipeline can be made around. */
function pipelinesOf(page: string, text: string): readonly WrittenExample[] {
  return [...text.matchAll(/^```yaml(?: warning=(\S+))?\n([\s\S]*?)^```/gm)].flatMap((match) => {
    const [, warning = null, block = ''] = match;
    const line = text.slice(0, match.index).split('\n').length + 1;
    const whole = wholePipeline(block);
    return whole === null ? [] : [{ place: `${page}:${line}`, text: whole, warning }];
  });
}

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
