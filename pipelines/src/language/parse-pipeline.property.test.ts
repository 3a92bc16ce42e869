import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import { formatDiagnostic } from './format-diagnostic.ts';
import { parsePipeline } from './parse-pipeline.ts';

/** Pieces that pipeline files are made of, in any order: closer to real mistakes than random characters. */
const piece = fc.constantFrom(
  'on: push\n',
  'stages:\n',
  '  a:\n',
  '    steps:\n',
  '      - echo ${{ commit.sha }}\n',
  '    needs: [a, b]\n',
  '    if: branch == "x"\n',
  '    deploy: { image: a, container: { port: 1 }, strategy: canary }\n',
  '    build: &x\n',
  '  b: *x\n',
  '    <<: *x\n',
  '${{',
  '}}',
  '"',
  "'",
  '\t',
  '[',
  '}',
  ': ',
  '- ',
  '|\n',
  '\r\n',
  '\u0000',
  '\ud800',
  '!tag ',
  '&a ',
  '*a ',
);
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.array(piece, { maxLength: 30 }).map((pieces) => pieces.join('')),
);

test.prop([text], { numRuns: 500 })(
  'no text makes the parser throw, and a definition means no error',
  (source) => {
    const { definition, diagnostics } = parsePipeline(source, 'x.yml');
    expect(definition === null).toBe(diagnostics.some((each) => each.severity === 'error'));
  },
);

test.prop([text], { numRuns: 500 })('every diagnostic points into the file and can be printed', (source) => {
  const lines = source.split('\n');
  for (const diagnostic of parsePipeline(source, 'x.yml').diagnostics) {
    const line = lines[diagnostic.line - 1];
    expect(line).toBeDefined();
    expect(diagnostic.column).toBeGreaterThanOrEqual(1);
    expect(diagnostic.column).toBeLessThanOrEqual((line ?? '').length + 1);
    expect(diagnostic.length).toBeGreaterThanOrEqual(1);
    expect(formatDiagnostic(diagnostic)).toContain(`x.yml:${diagnostic.line}:${diagnostic.column}  `);
  }
});
