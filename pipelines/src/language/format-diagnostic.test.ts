import { expect, test } from 'vitest';
import { formatDiagnostic } from './format-diagnostic.ts';
import { parsePipeline } from './parse-pipeline.ts';

const at = { severity: 'error', code: 'x', message: 'Wrong.', file: 'f.yml', line: 3 } as const;

test('the line is shown without its indentation, the mistake underlined', () => {
  expect(formatDiagnostic({ ...at, column: 12, length: 3, sourceLine: '    needs: [abc]' })).toBe(
    'f.yml:3:12  Wrong.\n    needs: [abc]\n           ~~~',
  );
});

test('of a long line, the part around the mistake is shown', () => {
  const [, source = '', underline = ''] = formatDiagnostic({
    ...at,
    column: 501,
    length: 3,
    sourceLine: `${'a'.repeat(500)}bad${'c'.repeat(400)}`,
  }).split('\n');
  expect(source.length).toBeLessThan(120);
  expect(source.slice(underline.indexOf('~'), underline.lastIndexOf('~') + 1)).toBe('bad');
});

test('control characters of a file never reach the terminal', () => {
  const { diagnostics } = parsePipeline('on: push\n"a\\e[31mb": 1\nstages: { a: { steps: [x] } }', 'f.yml');
  expect(diagnostics).toHaveLength(1);
  expect(diagnostics.map(formatDiagnostic).join()).not.toContain('\u001b');
});
