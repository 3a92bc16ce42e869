// Every pipeline that the documentation and the examples show.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export interface WrittenExample {
  /** `docs/language.md:120`, `examples/matrix/.sluice.yml`. */
  readonly place: string;
  /** A whole pipeline. */
  readonly text: string;
}

const root = fileURLToPath(new URL('../../../../', import.meta.url));

export function writtenExamples(): readonly WrittenExample[] {
  const folders = readdirSync(`${root}examples`).map((name) => `examples/${name}/.sluice.yml`);
  const files = folders.filter((file) => existsSync(root + file));
  const pages = ['README.md', ...readdirSync(`${root}docs`).map((name) => `docs/${name}`)];
  return [
    ...files.map((file) => ({ place: file, text: readFileSync(root + file, 'utf8') })),
    ...pages
      .filter((page) => page.endsWith('.md'))
      .flatMap((page) => pipelinesOf(page, readFileSync(root + page, 'utf8'))),
  ];
}

/** Blocks of a page that are pipelines: those with a key that only the top of a pipeline file has. */
function pipelinesOf(page: string, text: string): readonly WrittenExample[] {
  return [...text.matchAll(/^```yaml\n([\s\S]*?)^```/gm)].flatMap((match) => {
    const block = match[1] ?? '';
    if (!/^(on|stages|defaults|concurrency|priority):/m.test(block) || /^apiVersion:/m.test(block)) return [];
    const line = text.slice(0, match.index).split('\n').length + 1;
    return [{ place: `${page}:${line}`, text: wholePipeline(block) }];
  });
}

/** An example of one key leaves out what it is not about. */
function wholePipeline(block: string): string {
  const on = /^on:/m.test(block) ? '' : 'on: push\n';
  const stages = /^stages:/m.test(block)
    ? ''
    : "stages: { hello: { image: 'busybox:1', steps: [echo hello] } }\n";
  return block + on + stages;
}
