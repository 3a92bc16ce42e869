import { expect, test } from 'vitest';
import { createLineTest, visibleText } from './find-text.ts';

test('a line holds a text in whatever case, and as a person sees it', () => {
  const holds = createLineTest('Error: E42');
  expect(holds('12:00 ERROR: e42 in main')).toBe(true);
  expect(holds('12:00 \u001b[31mError: \u001b[1mE42\u001b[0m in main')).toBe(true);
  expect(holds('Error:  E42')).toBe(false);
  expect(createLineTest('')('anything')).toBe(false);
});

test('colours, titles and links of a terminal are not part of what is seen', () => {
  expect(visibleText('\u001b]8;;https://example.com\u0007here\u001b]8;;\u0007 \u001b[1;32mok\u001b[0m')).toBe(
    'here ok',
  );
});
