// Writes what the key tables say into docs/language.md, between the marks of each section; prose and examples
// around them are written by hand. `npx tsx scripts/write-language-keys.ts` after a change of a table.
import { readFileSync, writeFileSync } from 'node:fs';
import { writeKeys } from '@sluice/pipelines/language/keys/write-keys';

const page = new URL('../docs/language.md', import.meta.url);
writeFileSync(page, writeKeys(readFileSync(page, 'utf8')));
