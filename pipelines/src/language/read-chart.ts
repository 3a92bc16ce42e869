// A Helm chart of the repository: `chart: deploy/chart`, or with values.
import type { ChartSpec } from './definition.ts';
import { field, readFields, requiredField, type Reader } from './fields.ts';
import { chartKeys, chartValueNames, releaseNames } from './keys/deploy-keys.ts';
import { namesOf } from './keys/key.ts';
import { readRepositoryPath } from './read-path.ts';
import { noteTemplate, type TemplateContext } from './read-templates.ts';
import { readList, readPlainText, readRecord, type NameRule } from './read-values.ts';
import { report, type Reading } from './reading.ts';
import { describeNode, type MapEntry } from './source-node.ts';

/** What counts where a chart cannot be read. */
export const noChart: ChartSpec = { path: '.', values: [], set: {}, name: null };

export const readChart =
  (context: TemplateContext): Reader<ChartSpec> =>
  (reading, node, name) => {
    if (node.kind === 'scalar') return { ...noChart, path: readRepositoryPath(reading, node, name) };
    const fields = readFields(reading, node, name, { known: namesOf(chartKeys) });
    return {
      path: requiredField(fields, 'path', readRepositoryPath, 'path: chart/', '.'),
      values: field(fields, 'values', readList(readRepositoryPath), []),
      set: field(fields, 'set', readRecord(readValue(context), valueName), {}),
      name: field(fields, 'name', readReleaseName, null),
    };
  };

const valueName: NameRule = {
  pattern: new RegExp(chartValueNames),
  says: 'names of maps with dots between them, such as image.tag, and a file of values for anything else',
};

const readValue =
  (context: TemplateContext) =>
  (reading: Reading, { value }: MapEntry, name: string): string | number | boolean => {
    if (value.kind === 'scalar') {
      if (typeof value.value === 'boolean' || typeof value.value === 'number') return value.value;
      if (typeof value.value === 'string') {
        noteTemplate(reading, { ...value, value: value.value }, 'text', context);
        return value.value;
      }
    }
    const message = `${name} must be text, a number, true or false, not ${describeNode(value)}. Write lists and maps into a file of values.`;
    report(reading, value, 'wrong-type', message);
    return '';
  };

const readReleaseName: Reader<string> = (reading, node, name) => {
  const text = readPlainText(reading, node, name);
  if (text !== '' && !new RegExp(releaseNames).test(text)) {
    const message = `${name} must be lower-case letters, digits and dashes, at most 53, such as shop.`;
    report(reading, node, 'bad-name', message);
  }
  return text;
};
