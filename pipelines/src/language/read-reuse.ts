import type { ReuseRule } from './definition.ts';
import { field, nameOf, requiredField, type Fields } from './fields.ts';
import { readGlob } from './read-glob.ts';
import { readChoice, readList } from './read-values.ts';
import { report } from './reading.ts';

/** `inputs_unchanged: reuse` with the `inputs` that decide; null where the file asks for none of it. */
export function readReuse(fields: Fields): ReuseRule | null {
  const { reading, entries } = fields;
  const written = entries.get('inputs');
  if (!entries.has('inputs_unchanged')) {
    if (written !== undefined) {
      const message = `${nameOf(fields, 'inputs')} names what a stage that may be reused depends on, and this one is always run. Add inputs_unchanged: reuse, or remove inputs.`;
      report(reading, written.keySpan, 'missing-key', message);
    }
    return null;
  }
  field(fields, 'inputs_unchanged', readChoice(['reuse']), 'reuse');
  const inputs = requiredField(
    fields,
    'inputs',
    readList(readGlob),
    'inputs: [src/**, package-lock.json]',
    [],
  );
  if (written?.value.kind === 'list' && written.value.items.length === 0) {
    const message = `${nameOf(fields, 'inputs')} is empty, so the stage would never be run again. Name the files that it reads, such as [src/**, package-lock.json].`;
    report(reading, written.value, 'empty-value', message);
  }
  return { inputs };
}
