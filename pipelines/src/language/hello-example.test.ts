import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { renderPipeline } from '../../../examples/hello/render-pipeline.ts';
import { parsePipeline } from './parse-pipeline.ts';

const text = readFileSync(new URL('../../../examples/hello/.sluice.yml', import.meta.url), 'utf8');
const values = { registry: '127.0.0.1:5000', baseImage: 'example/node:20' };

describe('the pipeline of the hello example', () => {
  test.for([
    ['as it stands in the folder', text],
    ['with values of a real machine', renderPipeline(text, values)],
  ] as const)('%s has nothing to complain about', ([, pipeline]) => {
    expect(parsePipeline(pipeline, '.sluice.yml').diagnostics).toEqual([]);
  });

  test('has the values where the work is', () => {
    const { definition } = parsePipeline(renderPipeline(text, values), '.sluice.yml');
    const work = Object.fromEntries(definition?.stages.map((stage) => [stage.id, stage.work]) ?? []);
    expect(work['test']).toMatchObject({ kind: 'steps', image: 'example/node:20' });
    expect(work['image']).toMatchObject({ kind: 'build', args: { BASE: 'example/node:20' } });
    expect(work['scan']).toMatchObject({ kind: 'scan', of: 'image', failOn: 'high', noData: 'allow' });
    expect(work['push']).toMatchObject({ kind: 'push', of: 'image', to: '127.0.0.1:5000/hello' });
    expect(work['production']).toMatchObject({
      kind: 'deploy',
      environment: 'production',
      image: 'push',
      strategy: 'canary',
      intervalMs: 2_000,
      bakeMs: 0,
      container: { port: 8080, replicas: 2, health: '/healthz' },
      steps: [
        { kind: 'set-weight', percent: 20 },
        { kind: 'analysis', forMs: 40_000 },
        { kind: 'set-weight', percent: 50 },
        { kind: 'analysis', forMs: 40_000 },
      ],
    });
  });
});

test('a value that could change the pipeline around it is refused', () => {
  for (const registry of ['r.io/x\n  evil: true', "r.io', x: '", '', 'r.io ', '${{ branch }}']) {
    expect(() => renderPipeline(text, { ...values, registry })).toThrow(
      'is no name of a registry or an image',
    );
  }
});

test('a text without the placeholders is said to be one', () => {
  expect(() => renderPipeline('name: other', values)).toThrow('does not hold the placeholder');
});
