import { describe, expect, test } from 'vitest';
import { createBuildProgress } from './build-progress.ts';
import type { BuildkitStatus, BuildkitVertex } from './buildkit-status.ts';

const status = (more: Partial<BuildkitStatus>): BuildkitStatus => ({
  vertexes: [],
  statuses: [],
  logs: [],
  warnings: [],
  ...more,
});
const vertex = (digest: string, name: string, more: Partial<BuildkitVertex> = {}): BuildkitVertex => ({
  digest,
  name,
  cached: false,
  startedAt: 1_000,
  completedAt: null,
  error: '',
  ...more,
});
const output = (digest: string, text: string) =>
  status({ logs: [{ vertex: digest, text: Buffer.from(text) }] });

describe('the lines of a build', () => {
  test('steps are numbered as they start and end with their duration', () => {
    const progress = createBuildProgress();
    expect(
      progress.accept(status({ vertexes: [vertex('a', '[1/2] FROM x'), vertex('b', '[2/2] RUN y')] })),
    ).toEqual(['#1 [1/2] FROM x', '#2 [2/2] RUN y']);
    expect(
      progress.accept(status({ vertexes: [vertex('b', '[2/2] RUN y', { completedAt: 2_240 })] })),
    ).toEqual(['#2 done 1.2s']);
  });

  test('a step that BuildKit repeats is told once', () => {
    const progress = createBuildProgress();
    const done = status({ vertexes: [vertex('a', '[1/1] RUN y', { completedAt: 1_100 })] });
    expect(progress.accept(done)).toEqual(['#1 [1/1] RUN y', '#1 done 0.1s']);
    expect(progress.accept(done)).toEqual([]);
  });

  test('a step that has not started is not told, a cached one is', () => {
    const progress = createBuildProgress();
    expect(progress.accept(status({ vertexes: [vertex('a', '[1/1] RUN y', { startedAt: null })] }))).toEqual(
      [],
    );
    const cached = vertex('a', '[1/1] RUN y', { cached: true, completedAt: 1_000 });
    expect(progress.accept(status({ vertexes: [cached] }))).toEqual(['#1 [1/1] RUN y', '#1 CACHED']);
  });

  test('output that arrives in pieces becomes whole lines of its own step', () => {
    const progress = createBuildProgress();
    progress.accept(status({ vertexes: [vertex('a', 'RUN a'), vertex('b', 'RUN b')] }));
    expect(progress.accept(output('a', 'Gr'))).toEqual([]);
    expect(progress.accept(output('b', 'other\n'))).toEqual(['#2 other']);
    const euro = Buffer.from('üße\nend');
    expect(progress.accept(status({ logs: [{ vertex: 'a', text: euro.subarray(0, 1) }] }))).toEqual([]);
    expect(progress.accept(status({ logs: [{ vertex: 'a', text: euro.subarray(1) }] }))).toEqual([
      '#1 Grüße',
    ]);
    expect(progress.end()).toEqual(['#1 end']);
  });

  test('a line that is drawn again and again shows as it was in the end', () => {
    const progress = createBuildProgress();
    progress.accept(status({ vertexes: [vertex('a', 'RUN a')] }));
    expect(progress.accept(output('a', '10 %\r50 %\r100 %\r\n'))).toEqual(['#1 100 %']);
  });

  test('the failed step is kept with its error and the last ten lines of its output', () => {
    const progress = createBuildProgress();
    progress.accept(status({ vertexes: [vertex('a', '[2/2] RUN a')] }));
    progress.accept(output('a', Array.from({ length: 30 }, (_, line) => `line ${line + 1}\n`).join('')));
    progress.accept(output('a', 'no line feed'));
    const lines = progress.accept(
      status({ vertexes: [vertex('a', '[2/2] RUN a', { completedAt: 2_000, error: 'exit code: 2' })] }),
    );
    expect(lines).toEqual(['#1 no line feed', '#1 ERROR: exit code: 2']);
    expect(progress.failure()).toEqual({
      name: '[2/2] RUN a',
      error: 'exit code: 2',
      lastLines: [...Array.from({ length: 9 }, (_, line) => `line ${line + 22}`), 'no line feed'],
    });
  });
});
