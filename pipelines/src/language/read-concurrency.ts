import { whenBusyChoices, type Concurrency } from './definition.ts';
import { field, readFields, requiredField, type Reader } from './fields.ts';
import { namesOf } from './keys/key.ts';
import { concurrencyKeys } from './keys/stage-keys.ts';
import { readTemplate, type TemplateContext } from './read-templates.ts';
import { readChoice } from './read-values.ts';

/** `{ group, when_busy }`, or the group alone. */
export const readConcurrency =
  (context: TemplateContext): Reader<Concurrency> =>
  (reading, node, label) => {
    const readGroup: Reader<string> = (_, value, name) =>
      readTemplate(reading, value, name, 'group', context);
    if (node.kind !== 'map') return { group: readGroup(reading, node, label), whenBusy: 'queue' };
    const fields = readFields(reading, node, label, { known: namesOf(concurrencyKeys) });
    return {
      group: requiredField(fields, 'group', readGroup, "group: '${{ branch }}'", ''),
      whenBusy: field(fields, 'when_busy', readChoice(whenBusyChoices), 'queue'),
    };
  };
