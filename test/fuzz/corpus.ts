// What inputs are made from: our examples, the YAML of our docs, and pipelines of other systems.
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { fixtures } from '@sluice/pipelines/convert/fixtures';
import { randomTemplates } from '@sluice/pipelines/language/random-pipeline.fixture';
import { isTemplate } from '@sluice/pipelines/language/templates/parse-template';
import type { System } from '@sluice/pipelines/convert/detect-system';

export interface Corpus {
  readonly pipelines: readonly [string, ...string[]];
  readonly templates: readonly [string, ...string[]];
  readonly foreign: readonly [ForeignPipeline, ...ForeignPipeline[]];
}

interface ForeignPipeline {
  readonly system: System;
  readonly text: string;
}

const root = fileURLToPath(new URL('../..', import.meta.url));

export function readCorpus(): Corpus {
  const [firstPipeline, ...pipelines] = [...examples(), ...docBlocks()];
  const [firstForeign, ...foreign] = fixtures;
  const [firstTemplate, ...templates] = [
    ...Object.values(randomTemplates),
    ...docBlocks().filter(isTemplate),
  ];
  if (firstPipeline === undefined || firstForeign === undefined || firstTemplate === undefined)
    throw new Error('there are no examples');
  return {
    pipelines: [firstPipeline, ...pipelines],
    templates: [firstTemplate, ...templates],
    foreign: [firstForeign, ...foreign],
  };
}

function examples(): readonly string[] {
  return readdirSync(`${root}/examples`, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.sluice.yml') && !path.includes('node_modules'))
    .toSorted()
    .map((path) => readFileSync(`${root}/examples/${path}`, 'utf8'));
}

function docBlocks(): readonly string[] {
  return readdirSync(`${root}/docs`, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.md'))
    .toSorted()
    .flatMap((path) => [...readFileSync(`${root}/docs/${path}`, 'utf8').matchAll(/```ya?ml\n([\s\S]*?)```/g)])
    .map(([, block = '']) => block);
}
