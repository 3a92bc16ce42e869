import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import { parsePipeline } from '../language/parse-pipeline.ts';
import { convertPipeline } from './convert-pipeline.ts';
import { systems, type System } from './detect-system.ts';
import { fixtures } from './fixtures.ts';

test('our own parser takes what becomes of every fixture', () => {
  for (const { system, text } of fixtures) expect(problemsOf(text, system)).toEqual([]);
});

const fixture = fc.constantFrom(...fixtures);
const cut = fc.record({
  at: fc.nat(),
  length: fc.nat({ max: 60 }),
  instead: fc.oneof(
    fc.string({ maxLength: 12 }),
    fc.constantFrom(
      '',
      '\n',
      ': ',
      '- ',
      '${{',
      '}}',
      '[',
      '*x',
      '&x ',
      "'",
      '  ',
      '"',
      '!reference [.a, b]',
      '$CI_COMMIT_TAG',
      '\u0000',
      '\u2028',
    ),
  ),
});

test.prop([fixture, fc.array(cut, { minLength: 1, maxLength: 6 })], { numRuns: 150 })(
  'whatever is cut out of a fixture or put into it, the converter answers, and our parser takes its answer',
  ({ system, text }, cuts) => {
    expect(problemsOf(mutated(text, cuts), system)).toEqual([]);
  },
);

test.prop([fixture, fc.constantFrom(...systems)], { numRuns: 30 })(
  'a file of one system that is read as one of another is answered too',
  ({ text }, system) => {
    expect(problemsOf(text, system)).toEqual([]);
  },
);

test('references and aliases that multiply cost no more than their limits', () => {
  const levels = Array.from(
    { length: 12 },
    (_, level) => `.l${level + 1}:\n  script:\n${`    - !reference [.l${level}, script]\n`.repeat(10)}`,
  );
  const text = `.l0:\n  script: [make]\n${levels.join('')}a:\n  script:\n    - !reference [.l12, script]\n`;
  expect(problemsOf(text, 'gitlab')).toEqual([]);
});

function mutated(
  text: string,
  cuts: readonly { readonly at: number; readonly length: number; readonly instead: string }[],
): string {
  let result = text;
  for (const { at, length, instead } of cuts) {
    const start = at % (result.length + 1);
    result = result.slice(0, start) + instead + result.slice(start + length);
  }
  return result;
}

/** Nothing, where the file is broken and says so, or is converted and read again without an error. */
function problemsOf(text: string, system: System): readonly string[] {
  const result = convertPipeline(text, 'file.yml', system);
  if (result.kind === 'broken') return result.diagnostics.length > 0 ? [] : ['broken without a word'];
  const lines = text.split('\n').length;
  const misplaced = result.notes.filter((note) => note.line < 1 || note.line > lines || note.column < 1);
  const errors = parsePipeline(result.pipeline, '.sluice.yml').diagnostics.filter(
    (each) => each.severity === 'error',
  );
  return [...misplaced.map((note) => `${note.line}: ${note.what}`), ...errors.map((each) => each.message)];
}
