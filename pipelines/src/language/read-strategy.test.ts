import { describe, expect, test } from 'vitest';
import type { DeployWork } from './definition.ts';
import { parsePipeline } from './parse-pipeline.ts';

function read(...lines: readonly string[]) {
  const text = [
    'on: push',
    'stages:',
    '  image: { build: {} }',
    '  production:',
    '    needs: [image]',
    '    deploy:',
    '      environment: production',
    '      image: image',
    '      container: { port: 80 }',
    ...lines.map((line) => `      ${line}`),
  ].join('\n');
  const { definition, diagnostics } = parsePipeline(text, '.sluice.yml');
  const work = definition?.stages.find(({ id }) => id === 'production')?.work;
  return {
    work: work?.kind === 'deploy' ? work : null,
    messages: diagnostics.filter(({ severity }) => severity === 'error').map(({ message }) => message),
  };
}

const workOf = (...lines: readonly string[]): DeployWork | null => {
  const { work, messages } = read(...lines);
  expect(messages).toEqual([]);
  return work;
};

describe('what a strategy alone does', () => {
  test('A/B gives chosen requests to the new version for an hour and needs evidence at its end', () => {
    const work = workOf('strategy: ab', "match: { header: { X-Group: 'b' }, query: { page: two } }");
    expect(work?.steps).toEqual([
      {
        kind: 'set-route',
        match: [
          { kind: 'header', name: 'X-Group', value: 'b' },
          { kind: 'query', name: 'page', value: 'two' },
        ],
      },
      { kind: 'analysis', forMs: 3_600_000, whole: true },
    ]);
  });

  test('a shadow copies a tenth of the requests for an hour', () => {
    const work = workOf('strategy: shadow', 'afterwards: end');
    expect(work).toMatchObject({
      afterwards: 'end',
      steps: [
        { kind: 'set-mirror', percent: 10 },
        { kind: 'analysis', forMs: 3_600_000, whole: true },
      ],
    });
  });

  test('blue-green has no steps and keeps the old version for ten minutes', () => {
    expect(workOf('strategy: blue-green')).toMatchObject({ steps: [], bakeMs: 600_000 });
    expect(workOf('strategy: blue-green', 'bake: 1h')).toMatchObject({ bakeMs: 3_600_000 });
  });

  test('recreate has no steps', () => {
    expect(workOf('strategy: recreate', 'progress_deadline: 2m')).toMatchObject({
      steps: [],
      progressDeadlineMs: 120_000,
    });
  });
});

test('the steps of a canary choose and copy requests', () => {
  const work = workOf(
    'strategy: canary',
    'steps:',
    "  - set_header_route: { x-canary: '1' }",
    '  - set_mirror: 10%',
    '  - analysis: { for: 5m, whole: true }',
    '  - set_header_route:',
    '  - set_mirror: 0',
    '  - set_weight: 10',
  );
  expect(work?.steps).toEqual([
    { kind: 'set-route', match: [{ kind: 'header', name: 'x-canary', value: '1' }] },
    { kind: 'set-mirror', percent: 10 },
    { kind: 'analysis', forMs: 300_000, whole: true },
    { kind: 'set-route', match: [] },
    { kind: 'set-mirror', percent: 0 },
    { kind: 'set-weight', percent: 10 },
  ]);
});

describe('refused', () => {
  test.each([
    ['steps of a rolling update', ['steps: [{ pause: 1m }]'], 'strategy: canary or strategy: blue-green'],
    ['steps of recreate', ['strategy: recreate', 'steps: [{ pause: 1m }]'], 'strategy: canary or'],
    ['match without ab', ['strategy: canary', 'match: { cookie: { a: b } }'], 'belongs to strategy: ab'],
    [
      'mirror without shadow',
      ['strategy: ab', 'match: { cookie: { a: b } }', 'mirror: 5%'],
      'strategy: shadow',
    ],
    ['ab without match', ['strategy: ab'], 'does not say whose requests'],
    ['for beside steps', ['strategy: shadow', 'for: 1h', 'steps: [{ set_mirror: 5 }]'], 'say the same'],
    ['a weight in a switch', ['strategy: blue-green', 'steps: [{ set_weight: 5 }]'], 'all traffic at once'],
    ['an analysis of nothing', ['strategy: canary', 'steps: [{ analysis: 1m }]'], 'no traffic to measure'],
    [
      'an analysis after the mirror has ended',
      ['strategy: canary', 'steps: [{ set_mirror: 5 }, { set_mirror: 0 }, { analysis: 1m }]'],
      'no traffic to measure',
    ],
    [
      'a comparison that outlasts the deadline',
      ['strategy: shadow', 'for: 3h', 'deadline: 2h'],
      'Raise deadline',
    ],
    ['no condition', ['strategy: ab', 'match: {}'], 'is empty'],
    [
      'a header that is none',
      ['strategy: ab', 'match: { header: { "a b": c } }'],
      'cannot be the name of a header',
    ],
    ['a header that ends its word', ['strategy: ab', 'match: { header: { "a}": c } }'], 'cannot be the name'],
    ['a value of two lines', ['strategy: ab', 'match: { header: { a: "b\\nc" } }'], 'printable ASCII'],
    ['a number', ['strategy: ab', 'match: { header: { a: 1 } }'], "Write '1', in quotes"],
  ])('%s', (_, lines, message) => {
    expect(read(...lines).messages.join('\n')).toContain(message);
  });
});

describe('hooks', () => {
  test('are read with their defaults', () => {
    const work = workOf('hooks: [{ name: smoke, type: pre-rollout, url: "https://t.example.com/run?a=b" }]');
    expect(work?.hooks).toEqual([
      {
        name: 'smoke',
        type: 'pre-rollout',
        url: 'https://t.example.com/run?a=b',
        timeoutMs: 10_000,
        retries: 0,
        metadata: {},
      },
    ]);
  });

  test.each([
    ['a type that is none', 'name: a, type: before, url: "https://a.b"', 'must be one of confirm-rollout'],
    ['a password', 'name: a, type: rollout, url: "https://u:p@a.b/"', 'without a name or password'],
    ['another protocol', 'name: a, type: rollout, url: "file:///etc/passwd"', 'must be an address'],
    ['no address', 'name: a, type: rollout', 'url'],
    ['a long time', 'name: a, type: rollout, url: "https://a.b", timeout: 2m', 'at most 45s'],
    [
      'metadata that is no text',
      'name: a, type: rollout, url: "https://a.b", metadata: { n: 1 }',
      'in quotes',
    ],
  ])('%s is refused', (_, hook, message) => {
    expect(read(`hooks: [{ ${hook} }]`).messages.join('\n')).toContain(message);
  });

  test('need names of their own', () => {
    const hook = '{ name: a, type: rollout, url: "https://a.b" }';
    expect(read(`hooks: [${hook}, ${hook}]`).messages.join('\n')).toContain('two hooks are called "a"');
  });
});
