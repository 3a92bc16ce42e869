import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { buildPlan } from '../../plan/build-plan.ts';
import type { Trigger } from '../../trigger/trigger.ts';
import { gatherFiles } from '../gather-files.ts';
import type { FoundFiles } from '../join-files.ts';
import { parsePipeline } from '../parse-pipeline.ts';
import { gatherTemplates } from '../templates/gather-templates.ts';
import { remoteTemplates } from '../templates/remote-templates.fixture.ts';
import { schemaProblems } from './check-schema.fixture.ts';
import { faultsOf, type Fault } from './faults.fixture.ts';
import { pipelineSchema } from './json-schema.ts';
import { writtenExamples, type WrittenExample } from './written-examples.fixture.ts';

const schema = pipelineSchema();
const examples = writtenExamples();
const lintedKinds = new Set<string>();

test('there are examples in the docs and in examples/', () => {
  expect(examples.filter(({ place }) => place.startsWith('docs/')).length).toBeGreaterThan(0);
  expect(examples.filter(({ place }) => place.startsWith('examples/')).length).toBeGreaterThan(5);
});

describe.each(examples.map((example): [string, WrittenExample] => [example.place, example]))(
  '%s',
  (_, example) => {
    const { text, warning } = example;
    const value: unknown = parse(text);

    test('says what it should to the linter, and is planned for each of its events', async () => {
      const found = await filesOf(example);
      const { definition, diagnostics } = parsePipeline(text, '.sluice.yml', found);
      expect(diagnostics.map(({ code }) => code)).toEqual(warning === null ? [] : [warning]);
      if (definition === null) return;
      for (const trigger of triggers.filter(({ event }) => definition.on[event] !== null))
        expect(['planned', 'filtered']).toContain(buildPlan(definition, trigger).kind);
    });

    test('is accepted by the schema', () => {
      expect(schemaProblems(schema, value)).toEqual([]);
    });

    test('is refused by the schema with one fault in it, wherever that is', () => {
      const accepted = faultsOf(value).filter((fault) => schemaProblems(schema, fault.value).length === 0);
      expect(accepted.map(({ says }) => says)).toEqual([]);
    });

    test('is refused by the linter with the same faults', async () => {
      const found = await filesOf(example);
      const accepted = faultsOf(value).filter((fault) => {
        if (!isFirstOfItsKind(fault)) return false;
        const { definition } = parsePipeline(JSON.stringify(fault.value, null, 1), '.sluice.yml', found);
        return definition !== null;
      });
      expect(accepted.map(({ says }) => says)).toEqual([]);
    });
  },
);

async function filesOf({ text, tree, remote }: WrittenExample): Promise<FoundFiles> {
  const file = '.sluice.yml';
  const found = await gatherFiles(text, file, tree);
  return gatherTemplates({ text, file, found }, remoteTemplates(remote));
}

/** The linter reads each fault once for each key and kind of value: all of them would take most of a minute. */
function isFirstOfItsKind({ says }: Fault): boolean {
  const kind = says.replace(/^.*\.(?=[^.:]*:)/, '').replace(/ instead of .*$/s, '');
  const isFirst = !lintedKinds.has(kind);
  lintedKinds.add(kind);
  return isFirst;
}

const commit = { sha: '0'.repeat(40), message: '', author: 'you' };
const base = { repository: 'local/checkout', actor: 'you', commit };
const triggers: readonly Trigger[] = [
  { ...base, event: 'push', branch: 'main', changedFiles: null },
  { ...base, event: 'tag', tag: 'v1' },
  { ...base, event: 'manual', branch: 'main', inputs: {} },
  { ...base, event: 'schedule', branch: 'main', cron: '0 3 * * *', timezone: 'UTC', dueAt: 0 },
  {
    ...base,
    event: 'pull_request',
    number: 1,
    title: '',
    branch: 'change',
    targetBranch: 'main',
    fromFork: false,
  },
];
