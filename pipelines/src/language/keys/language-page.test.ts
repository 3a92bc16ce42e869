import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { warningIds } from '../warnings/warning-ids.ts';
import { languageReference } from './reference.ts';
import { writeKeys } from './write-keys.ts';

const page = readFileSync(new URL('../../../../docs/language.md', import.meta.url), 'utf8');
const headings = [...page.matchAll(/^##+ `?([^`\n]+)`?$/gm)].map(([, heading]) => heading);

test('the page of the language says what the key tables say (npx tsx scripts/write-language-keys.ts writes it)', () => {
  expect(page).toBe(writeKeys(page));
});

test('every key with a section has one there, with an example, and so has every warning', () => {
  const wanted = [...languageReference().map(({ heading }) => heading), ...warningIds];
  expect(headings).toEqual(expect.arrayContaining(wanted));
  for (const heading of wanted) {
    const [, section = ''] = page.split(`### \`${heading}\`\n`);
    expect([heading, section.split(/^##/m)[0]?.includes('```yaml')]).toEqual([heading, true]);
  }
  expect(headings).toContain('Expressions');
});
