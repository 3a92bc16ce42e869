import type { BranchRules, InputDefinition, ManualRules, TriggerRules } from './definition.ts';
import {
  field,
  nameOf,
  readFields,
  readOptionalFields,
  requiredField,
  type Fields,
  type Reader,
} from './fields.ts';
import { namesOf } from './keys/key.ts';
import { branchRuleKeys, eventKeys, inputKeys, inputTypes, manualKeys } from './keys/trigger-keys.ts';
import {
  readBoolean,
  readChoice,
  readList,
  readNumber,
  readPlainText,
  readRecord,
  readAnyText,
  readText,
  variableName,
} from './read-values.ts';
import { report, type Reading } from './reading.ts';
import { readSchedules } from './read-schedules.ts';
import { globProblem } from '../trigger/match-glob.ts';
import type { SourceNode } from './source-node.ts';

const events = ['push', 'pull_request', 'tag', 'schedule', 'manual'] as const;
const laterEvents = ['api', 'comment'];

export const noTriggers: TriggerRules = {
  push: null,
  pull_request: null,
  tag: null,
  schedule: null,
  manual: null,
};

/** `on: push`, `on: [push, tag]`, or a map of events to their rules. */
export const readTriggerRules: Reader<TriggerRules> = (reading, node, name) => {
  if (node.kind === 'scalar' || node.kind === 'list') return readEventNames(reading, node, name);
  const fields = readFields(reading, node, name, { known: namesOf(eventKeys), later: laterEvents });
  if (node.entries.length === 0)
    report(reading, node, 'empty-value', 'on names no event, so nothing would ever run. Add push.');
  return {
    push: field(fields, 'push', readBranchRules, null),
    pull_request: field(fields, 'pull_request', readBranchRules, null),
    tag: field(fields, 'tag', readTagRules, null),
    schedule: field(fields, 'schedule', readSchedules, null),
    manual: field(fields, 'manual', readManualRules, null),
  };
};

const anyBranch: BranchRules = { branches: [], paths: [], ignore: [] };

function readEventNames(reading: Reading, node: SourceNode, name: string): TriggerRules {
  const named = readList(readChoice(events, laterEvents))(reading, node, name);
  if (named.includes('schedule')) {
    const message = `${name}: a schedule needs its time. Write on: { schedule: { cron: '0 3 * * 1-5', timezone: Asia/Shanghai } }.`;
    report(reading, node, 'missing-key', message);
  }
  return {
    push: named.includes('push') ? anyBranch : null,
    pull_request: named.includes('pull_request') ? anyBranch : null,
    tag: named.includes('tag') ? { patterns: [] } : null,
    schedule: null,
    manual: named.includes('manual') ? { inputs: {} } : null,
  };
}

/** Nothing: any branch; text or a list: branches; or a map. */
const readBranchRules: Reader<BranchRules> = (reading, node, name) => {
  if (node.kind === 'list' || (node.kind === 'scalar' && node.value !== null)) {
    return { ...anyBranch, branches: readList(readPattern)(reading, node, name) };
  }
  const fields = readOptionalFields(reading, node, name, { known: namesOf(branchRuleKeys) });
  return {
    branches: field(fields, 'branches', readList(readPattern), []),
    paths: field(fields, 'paths', readList(readPattern), []),
    ignore: field(fields, 'ignore', readList(readPattern), []),
  };
};

const readTagRules: Reader<{ readonly patterns: readonly string[] }> = (reading, node, name) =>
  node.kind === 'scalar' && node.value === null
    ? { patterns: [] }
    : { patterns: readList(readPattern)(reading, node, name) };

const readPattern: Reader<string> = (reading, node, name) => {
  const pattern = readPlainText(reading, node, name);
  const problem = pattern === '' ? null : globProblem(pattern);
  if (problem !== null) report(reading, node, 'bad-pattern', `${name}: ${problem}`);
  if (pattern.startsWith('-'))
    report(reading, node, 'bad-pattern', `${name}: no branch, tag or path begins with -.`);
  if (pattern.startsWith('!')) {
    report(
      reading,
      node,
      'bad-pattern',
      `${name}: a pattern cannot be turned round by !. For paths, write it under ignore.`,
    );
  }
  return pattern;
};

const readManualRules: Reader<ManualRules> = (reading, node, name) => {
  const fields = readOptionalFields(reading, node, name, { known: namesOf(manualKeys) });
  return { inputs: field(fields, 'inputs', readInputs, {}) };
};

/** By name; a template has them too. */
export const readInputs: Reader<Readonly<Record<string, InputDefinition>>> = readRecord(
  (reading, entry, label) => readInput(reading, entry.value, label),
  variableName,
);

function readInput(reading: Reading, node: SourceNode, name: string): InputDefinition {
  const fields = readFields(reading, node, name, { known: namesOf(inputKeys) });
  const description = field(fields, 'description', readPlainText, null);
  return { ...readTyped(fields, name), ...(description === null ? {} : { description }) };
}

function readTyped(fields: Fields, name: string): InputDefinition {
  const readType = readChoice(inputTypes);
  const type = requiredField(fields, 'type', readType, 'type: string', 'string');
  if (type !== 'choice') refuseOptions(fields);
  switch (type) {
    case 'string':
    case 'environment':
      return { type, default: field(fields, 'default', type === 'string' ? readAnyText : readText, null) };
    case 'number':
      return {
        type,
        default: field(
          fields,
          'default',
          readNumber(-Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
          null,
        ),
      };
    case 'boolean':
      return { type, default: field(fields, 'default', readBoolean, null) };
    case 'choice': {
      const options = requiredField(fields, 'options', readList(readText), 'options: [debug, info]', []);
      const chosen = field(fields, 'default', readText, null);
      const entry = fields.entries.get('default');
      if (entry !== undefined && chosen !== null && chosen !== '' && !options.includes(chosen)) {
        report(
          fields.reading,
          entry.value,
          'wrong-value',
          `${name}.default is not one of its options ${options.join(', ')}.`,
        );
      }
      return { type, options, default: chosen };
    }
  }
}

function refuseOptions(fields: Fields): void {
  const entry = fields.entries.get('options');
  if (entry === undefined) return;
  report(
    fields.reading,
    entry.keySpan,
    'wrong-value',
    `${nameOf(fields, 'options')} belongs to inputs with type: choice.`,
  );
}
