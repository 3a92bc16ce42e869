// The findings that a scan accepts, written in the pipeline or in a file of their own.
import type { ScanWork } from './definition.ts';
import { field, readFields, requiredField, type Reader } from './fields.ts';
import type { IncludeAnswer } from './included-files.ts';
import { allowedFindingKeys } from './keys/image-keys.ts';
import { namesOf } from './keys/key.ts';
import { readRepositoryPath } from './read-path.ts';
import { readPlainText, readText } from './read-values.ts';
import { readYaml } from './read-yaml.ts';
import { isFull, report, type Reading } from './reading.ts';
import { sourceFile } from './source-file.ts';
import { describeNode, type SourceNode } from './source-node.ts';

type AllowList = ScanWork['allow'];

/** A list, or the path of a file that holds one: it is read at the commit of the run, when the run is planned. */
export const readAllowList: Reader<AllowList> = (reading, node, name) => {
  if (node.kind === 'scalar' && typeof node.value === 'string') return readNamedFile(reading, node, name);
  return readItems(reading, node, name);
};

function readItems(reading: Reading, node: SourceNode, name: string): AllowList {
  if (node.kind === 'list')
    return node.items.map((item, index) => readAllowed(reading, item, `${name}[${index}]`));
  const message = `${name} must be a list of findings, such as [{ id: CVE-2024-1234, until: 2030-01-31, reason: … }], or the path of a file with one, not ${describeNode(node)}.`;
  report(reading, node, 'wrong-type', message);
  return [];
}

function readNamedFile(reading: Reading, node: SourceNode, name: string): AllowList {
  if (reading.lists === null) {
    const message = `${name}: a template says itself what is accepted, as it is used in many repositories. Write the list here.`;
    report(reading, node, 'no-file-here', message);
    return [];
  }
  const path = readRepositoryPath(reading, node, name);
  const answer = reading.lists.get(path);
  if (answer?.kind === 'found') return readFile(reading, path, answer);
  const why = answer?.why ?? 'was not read: only this one file is at hand.';
  if (path !== '.') report(reading, node, 'list-not-found', `${name} names ${path}, which ${why}`);
  return [];
}

/** Mistakes are shown in the file that they are in. */
function readFile(
  reading: Reading,
  path: string,
  { files }: Extract<IncludeAnswer, { readonly kind: 'found' }>,
): AllowList {
  const [{ text } = { text: '' }] = files;
  const inside: Reading = { ...reading, source: sourceFile(path, text), diagnostics: [] };
  const { root, problems } = readYaml(text);
  for (const problem of problems) report(inside, problem, problem.code, problem.message);
  const isEmpty = root === null || (root.kind === 'scalar' && root.value === null);
  const allowed = isEmpty ? [] : readItems(inside, root, path);
  for (const each of inside.diagnostics) if (!isFull(reading)) reading.diagnostics.push(each);
  return allowed;
}

function readAllowed(reading: Reading, node: SourceNode, name: string): ScanWork['allow'][number] {
  const fields = readFields(reading, node, name, { known: namesOf(allowedFindingKeys) });
  return {
    id: requiredField(fields, 'id', readPlainText, 'id: CVE-2024-1234', ''),
    until: field(fields, 'until', readDate, null),
    reason: requiredField(fields, 'reason', readText, 'reason: not reachable from our code', ''),
  };
}

const readDate: Reader<string> = (reading, node, name) => {
  const text = readPlainText(reading, node, name);
  const [, year, month, day] = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text) ?? [];
  const daysInMonth = [31, isLeap(Number(year)) ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][
    Number(month) - 1
  ];
  const isDay = daysInMonth !== undefined && Number(day) >= 1 && Number(day) <= daysInMonth;
  if (text !== '' && !isDay)
    report(reading, node, 'wrong-value', `${name} must be a day such as 2030-01-31, not "${text}".`);
  return text;
};

const isLeap = (year: number): boolean => (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
