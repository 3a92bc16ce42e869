// What a file may not do, each with the code that names the rule.
import { describe, expect, test } from 'vitest';
import { parsePipeline } from './parse-pipeline.ts';

const codes = (text: string): readonly string[] =>
  parsePipeline(text, 'x.yml')
    .diagnostics.filter((each) => each.severity === 'error')
    .map((each) => each.code);
const inStage = (body: string): readonly string[] =>
  codes(
    `on: push\nstages:\n  image: { build: {} }\n  push: { needs: [image], push: { of: image, to: r.io/x } }\n  a:\n${body.replace(/^/gm, '    ')}\n`,
  );
const deploy = (rest: string, needs = 'push'): readonly string[] =>
  inStage(`needs: [${needs}]\ndeploy: { environment: prod, image: push, ${rest} }`);

describe('what shares the traffic of a deployment', () => {
  const k8s = (traffic: string): readonly string[] => deploy(`manifests: k8s/, traffic: ${traffic}`);

  test.each([
    ['a provider that does not exist', 'httproutes/shop', ['wrong-value']],
    ['a provider without its object', 'ingress', ['wrong-value']],
    ['an object without a name', 'virtualservice/', ['wrong-value']],
    ['a name that Kubernetes does not allow', 'httproute/Shop_1', ['bad-name']],
    ['a name of two parts', 'httproute/store/shop', ['bad-name']],
    ['an expression', "'httproute/${{ branch }}'", ['no-expression-here']],
    ['no text', '[httproute/shop]', ['wrong-type']],
    ['an object of today', 'httproute/shop.v2', []],
    ['the number of pods', 'replicas', []],
  ])('%s', (_, traffic, expected) => {
    expect(k8s(traffic)).toEqual(expected);
  });

  test('is the proxy where containers are deployed, and nothing where one version ends before the other', () => {
    expect(deploy('container: { port: 80 }, traffic: httproute/shop')).toEqual(['conflicting-keys']);
    const alone = 'manifests: k8s/, strategy: recreate, traffic: httproute/shop';
    expect(deploy(alone)).toEqual(['conflicting-keys']);
  });

  test.each([
    ['is put back by a guard after this time', 'traffic: httproute/shop, guard: 60s', []],
    ['has a time that fits to slow looks', 'traffic: httproute/shop, interval: 30s, guard: 90s', []],
    ['is needed for a guard', 'guard: 60s', ['conflicting-keys']],
    [
      'is needed for a guard and is not the number of pods',
      'traffic: replicas, guard: 60s',
      ['conflicting-keys'],
    ],
    ['is looked at too seldom', 'traffic: httproute/shop, interval: 30s, guard: 60s', ['wrong-value']],
    [
      'is given back at the slightest delay',
      'traffic: httproute/shop, interval: 1s, guard: 3s',
      ['wrong-value'],
    ],
    [
      'waits for a hook for longer than that',
      'traffic: httproute/shop, guard: 60s, hooks: [{ name: x, type: rollout, url: "http://a", timeout: 20s }]',
      ['wrong-value'],
    ],
  ])('%s', (_, keys, expected) => {
    expect(deploy(`manifests: k8s/, strategy: blue-green, ${keys}`)).toEqual(expected);
  });

  test('a mistyped provider is named', () => {
    const text = 'a: { deploy: { environment: e, image: i, manifests: k, traffic: htproute/shop } }';
    const { diagnostics } = parsePipeline(`on: push\nstages:\n  ${text}\n`, 'x.yml');
    expect(diagnostics.map(({ message }) => message).join('\n')).toContain('Did you mean "httproute"?');
  });
});

describe('limits', () => {
  test('a file larger than 1 MiB', () => {
    expect(codes(`# ${'x'.repeat(1_048_576)}\non: push`)).toEqual(['file-too-large']);
  });

  test('more than 10,000 stages', () => {
    const stages = Array.from({ length: 10_001 }, (_, index) => `  s${index}: { steps: [x] }\n`);
    expect(codes(`on: push\nstages:\n${stages.join('')}`)).toEqual(['too-many-stages']);
  });

  test('aliases that multiply', () => {
    const levels = Array.from({ length: 9 }, (_, i) => `l${i + 1}: &l${i + 1} [${`*l${i}, `.repeat(9)}]\n`);
    expect(codes(`l0: &l0 [x, x]\n${levels.join('')}on: push\n`)).toEqual(['alias-bomb']);
  });

  test('merges that multiply', () => {
    const keys = Array.from({ length: 2_000 }, (_, index) => `k${index}: 1`).join(', ');
    const uses = Array.from({ length: 2_000 }, (_, index) => `m${index}: { <<: *base }\n`);
    expect(codes(`base: &base { ${keys} }\n${uses.join('')}`)).toEqual(['alias-bomb']);
  });

  test('a short text may stand for 50,000 values by its aliases, and is told the first that goes beyond', () => {
    const variables = Array.from({ length: 99 }, (_, index) => `V${index}: x`).join(', ');
    const stages = (count: number): string =>
      `on: push\nenv: &all { ${variables} }\nstages:\n${Array.from({ length: count }, (_, index) => `  s${index}: { env: *all, steps: [x] }\n`).join('')}`;
    // A map of 99 keys is 199 values.
    expect(codes(stages(251))).toEqual([]);
    const { diagnostics } = parsePipeline(stages(260), 'x.yml');
    expect(diagnostics).toMatchObject([{ code: 'alias-bomb', line: 4 + 251, column: 16 }]);
  });

  test.each(['[', '- ', '{a: ', '? ', '[{a: '])('endless nesting by %s', (opening) => {
    expect(codes(opening.repeat(50_000))).toEqual(['nested-too-deep']);
  });

  test('no more than 100 diagnostics are kept', () => {
    const stages = Array.from({ length: 500 }, (_, index) => `  s${index}: { stepz: [x] }\n`);
    expect(parsePipeline(`on: push\nstages:\n${stages.join('')}`, 'x').diagnostics).toHaveLength(100);
  });
});

test('an error is told behind any number of warnings', () => {
  const stages = Array.from(
    { length: 150 },
    (_, index) =>
      `  s${index}: { needs: [i], deploy: { environment: e, image: i, manifests: k/, strategy: canary } }\n`,
  );
  const image =
    '  i: { needs: [b], push: { of: b, to: localhost/x, tags: [x] } }\n  b: { build: { file: Dockerfile } }\n';
  const text = (last: string): string => `on: push\nstages:\n${image}${stages.join('')}${last}`;
  const { definition, diagnostics } = parsePipeline(text(''), 'x.yml');
  expect(definition).not.toBeNull();
  expect(diagnostics).toHaveLength(100);
  const broken = parsePipeline(text("  last: { steps: ['echo ${{ commit.message }}'] }\n"), 'x.yml');
  expect(broken.definition).toBeNull();
  expect(broken.diagnostics).toHaveLength(100);
  expect(broken.diagnostics.at(-1)).toMatchObject({ code: 'stranger-text-in-command', severity: 'error' });
});

describe('YAML', () => {
  test.each([
    ['a key that stands twice', 'on: push\non: tag\nstages: { a: { steps: [x] } }', 'duplicate-key'],
    ['an alias of nothing', 'on: *x\nstages: { a: { steps: [x] } }', 'bad-alias'],
    ['an alias of itself', 'on: &x [*x]\nstages: { a: { steps: [x] } }', 'bad-alias'],
    ['two documents', 'on: push\n---\non: push', 'several-documents'],
    ['a tag', 'on: !x push\nstages: { a: { steps: [x] } }', 'bad-yaml'],
    ['a reserved stage name', 'on: push\nstages: { constructor: { steps: [x] } }', 'bad-name'],
    [
      'a prototype as a variable',
      'on: push\nenv: { __proto__: x }\nstages: { a: { steps: [x] } }',
      'bad-name',
    ],
  ])('%s', (_, text, code) => {
    expect(codes(text)).toContain(code);
  });
});

describe('paths', () => {
  test.each(['../x', '/etc', 'a/../../b', '~/x', 'C:/x', '-x', 'a\\b'])(
    '%s leaves the repository',
    (path) => {
      const quoted = JSON.stringify(path);
      expect(inStage(`build: { file: ${quoted} }`)).toEqual(['path-leaves-repository']);
      expect(inStage(`build: { context: ${quoted} }`)).toEqual(['path-leaves-repository']);
      expect(deploy(`manifests: ${quoted}`)).toEqual(['path-leaves-repository']);
    },
  );
});

describe('stages', () => {
  test.each([
    ['a cycle of one', 'needs: [a]\nsteps: [x]', 'cycle'],
    ['a need named twice', 'needs: [push, push]\nsteps: [x]', 'duplicate-need'],
    ['two kinds of work', 'needs: [image]\nbuild: {}\nscan: { of: image }', 'conflicting-keys'],
    ['no work', 'needs: [image]', 'no-work'],
    ['an image for a build', 'image: node:20\nbuild: {}', 'conflicting-keys'],
    ['a scan of a push', 'needs: [push]\nscan: { of: push }', 'wrong-stage-kind'],
    ['a push of nothing', 'needs: [push]\npush: { of: imge, to: r.io/x }', 'unknown-stage'],
    ['a scan that does not wait', 'scan: { of: image }', 'missing-need'],
    ['a secret that is not a name', 'steps: [x]\nenv: { A: { secret: "hunter 2" } }', 'bad-secret-name'],
    ['a duration without a unit', 'timeout: 10 minutes\nsteps: [x]', 'wrong-value'],
    ['a size without a unit', 'resources: { memory: 512 }\nsteps: [x]', 'wrong-value'],
    ['an unknown failure class', 'retry: { on: [oom] }\nsteps: [x]', 'wrong-value'],
    [
      'a push with a tag in its address',
      'needs: [image]\npush: { of: image, to: "r.io/x:1" }',
      'wrong-value',
    ],
    [
      'a tag that begins with a dash',
      'needs: [image]\npush: { of: image, to: r.io/x, tags: ["-x"] }',
      'wrong-value',
    ],
    ['a target that begins with a dash', 'build: { target: "-x" }', 'wrong-value'],
    [
      'an allow-list entry without a reason',
      'needs: [image]\nscan: { of: image, allow: [{ id: CVE-1 }] }',
      'missing-key',
    ],
    [
      'a day that does not exist',
      'needs: [image]\nscan: { of: image, allow: [{ id: C, until: 2030-02-30, reason: x }] }',
      'wrong-value',
    ],
    ['an empty list of steps', 'steps: []', 'empty-value'],
    ['a pool with a space', 'pool: two words\nsteps: [x]', 'wrong-value'],
    ['a pool for people', 'pool: gpu\napprove: {}', 'conflicting-keys'],
    ['a group for people', 'concurrency: x\napprove: {}', 'conflicting-keys'],
    ['a group without a name', 'concurrency: { when_busy: skip }\nsteps: [x]', 'missing-key'],
    [
      'a group by results',
      "needs: [image]\nconcurrency: '${{ stages.image.status }}'\nsteps: [x]",
      'name-not-here',
    ],
    ['a group of one run', "concurrency: '${{ run.number }}'\nsteps: [x]", 'name-not-here'],
    [
      'an unknown answer to a busy group',
      'concurrency: { group: x, when_busy: wait }\nsteps: [x]',
      'wrong-value',
    ],
  ])('%s', (_, body, code) => {
    expect(inStage(body)).toEqual([code]);
  });

  test('results of a stage that is needed through another one may be used', () => {
    expect(inStage(`needs: [push]\nif: stages.image.status == 'succeeded'\nsteps: [x]`)).toEqual([]);
  });
});

describe('expressions', () => {
  test.each([
    ['an unknown stage', `if: stages.imge.status == 'failed'\nsteps: [x]`, 'unknown-stage'],
    ['a stage that is not needed', `if: stages.push.status == 'failed'\nsteps: [x]`, 'missing-need'],
    ['its own results', `if: stages.a.status == 'failed'\nsteps: [x]`, 'missing-need'],
    [
      'a status that does not exist',
      `needs: [push]\nif: stages.push.status == 'success'\nsteps: [x]`,
      'impossible-comparison',
    ],
    ['an unknown variable', 'steps: ["echo ${{ env.NONE }}"]', 'unknown-name'],
    ['an unknown input', 'steps: ["echo ${{ inputs.none }}"]', 'unknown-name'],
    ['a secret', 'env: { T: { secret: t } }\nsteps: ["echo ${{ env.T }}"]', 'secret-in-expression'],
    ['a status function in text', 'steps: ["echo ${{ success() }}"]', 'status-outside-if'],
    ['a condition that is text', 'if: branch\nsteps: [x]', 'wrong-type'],
    ['a run number in a condition', 'if: run.number > 3\nsteps: [x]', 'name-not-here'],
    ['a number compared with text', `if: run.number == 'x'\nsteps: [x]`, 'wrong-type'],
    ['an expression in a fixed value', 'build: { file: "${{ branch }}" }', 'no-expression-here'],
    ['a matrix that the stage has not', 'steps: ["echo ${{ matrix.node }}"]', 'name-not-here'],
    [
      'an endless expression',
      `if: ${"branch == 'x' || ".repeat(100)}true\nsteps: [x]`,
      'expression-too-complex',
    ],
    ['brackets without end', `if: "${'['.repeat(400)}"\nsteps: [x]`, 'expression-too-complex'],
    ['brackets that people write', `if: "${'('.repeat(12)}true${')'.repeat(12)}"\nsteps: [x]`, ''],
  ])('%s', (_, body, code) => {
    expect(inStage(body)).toEqual(code === '' ? [] : [code]);
  });
});

describe('deployments', () => {
  const steps = (text: string): readonly string[] =>
    deploy(`container: { port: 80 }, strategy: canary, steps: [${text}]`);

  test('exactly one of manifests and container', () => {
    expect(deploy('strategy: rolling')).toEqual(['missing-key']);
    expect(deploy('manifests: k8s, container: { port: 80 }')).toEqual(['conflicting-keys']);
    expect(deploy('manifests: k8s, chart: chart/')).toEqual(['conflicting-keys']);
    expect(deploy('chart: chart/, container: { port: 80 }')).toEqual(['conflicting-keys']);
    expect(deploy('chart: chart/')).toEqual([]);
  });

  test.each([
    ['a chart without its folder', '{ values: [a.yml] }', 'missing-key'],
    [
      'a chart or values outside of the repository',
      '{ path: c, values: [../a.yml] }',
      'path-leaves-repository',
    ],
    ['a value that is a map', '{ path: c, set: { image: { tag: a } } }', 'wrong-type'],
    ['a value whose name is an expression of Helm', "{ path: c, set: { 'a[0]': b } }", 'bad-name'],
    ['a release whose name cannot be one', '{ path: c, name: My_Shop }', 'bad-name'],
  ])('%s', (_, text, code) => {
    expect(deploy(`chart: ${text}`)).toEqual([code]);
  });

  test.each([
    ['weights that fall', '{ set_weight: 10 }, { set_weight: 5 }'],
    ['a weight of 100', '{ set_weight: 100 }'],
    ['an analysis before any traffic', '{ analysis: { for: 5m } }, { set_weight: 5 }'],
  ])('%s', (_, text) => {
    expect(steps(text)).toEqual(['wrong-value']);
  });

  test('steps that outlast the deadline that was written; without one it is long enough', () => {
    const canary = (more: string): readonly string[] =>
      deploy(
        `manifests: k8s, strategy: canary, metrics: {}, steps: [{ set_weight: 5 }, { pause: 3h }]${more}`,
      );
    expect(canary(', deadline: 2h')).toEqual(['wrong-value']);
    expect(canary('')).toEqual([]);
  });

  test('metrics that cannot tell the versions apart, or have no bound', () => {
    const metric = (text: string): readonly string[] =>
      deploy(`manifests: k8s, strategy: canary, metrics: { m: ${text} }`);
    expect(metric('{ query: bad, of: all, limit: 1% }')).toEqual(['missing-version', 'missing-version']);
    expect(metric(`{ query: 'b{v="\${{ version }}"}', of: 'a{v="\${{ version }}"}' }`)).toEqual([
      'missing-key',
    ]);
    expect(
      metric(`{ query: 'b{v="\${{ version }}"}', of: 'a{v="\${{ version }}"}', worse_than: 1.5x }`),
    ).toEqual([]);
    expect(
      metric(
        `{ query: 'b{v="\${{ version }}",b="\${{ branch }}"}', of: 'a{v="\${{ version }}"}', limit: 1% }`,
      ),
    ).toEqual(['name-not-here']);
  });

  test('an image that is not pushed, for Kubernetes', () => {
    expect(inStage('needs: [push]\ndeploy: { environment: prod, image: image, manifests: k8s }')).toEqual([
      'wrong-stage-kind',
    ]);
    expect(
      inStage('needs: [push]\ndeploy: { environment: prod, image: image, container: { port: 80 } }'),
    ).toEqual([]);
  });
});

test.each([
  ["secrets: '${{ branch }}'", 'this is not the name of a secret'],
  ['secrets: [{ id: npm }]', 'must be text'],
  ['cache: maybe', 'cache must be true or false'],
  ['platforms: [linux/arm64, linux/amd64]', 'must name one platform'],
  ['platforms: arm', 'must be a platform such as linux/arm64'],
  ['tags: [latest]', 'An image gets its tags when it is pushed'],
])('a build with %s is refused with what to do', (key, message) => {
  const text = `on: push\nstages: { a: { build: { ${key} } } }\n`;
  expect(parsePipeline(text, '.sluice.yml').diagnostics[0]?.message).toContain(message);
});

test.each([
  ['{ submodule: true }', 'Did you mean "submodules"?'],
  ['{ submodules: all }', 'checkout.submodules'],
  ['{ depth: -1 }', 'checkout.depth'],
  ['shallow', 'must be true or false'],
])('checkout: %s is refused with what there is', (value, message) => {
  const text = `on: push\nstages: { a: { checkout: ${value}, image: 'busybox:1', steps: [x] } }\n`;
  expect(parsePipeline(text, '.sluice.yml').diagnostics[0]?.message).toContain(message);
});

test('what a short text may cost is bounded: rules of a matrix, and matrices that stand in many stages by an alias', () => {
  const list = `[${Array.from({ length: 64 }, (_, index) => index).join(', ')}]`;
  const excludes = (count: number) => Array.from({ length: count }, (_, b) => `{ b: ${b % 64} }`).join(', ');
  const told = (matrix: string, stages: number) =>
    parsePipeline(
      `on: push\nstages:\n  s: { matrix: &m ${matrix}, image: "busybox:1", steps: [x] }\n${Array.from({ length: stages }, (_, index) => `  s${index}: { matrix: *m, image: "busybox:1", steps: [x] }\n`).join('')}`,
      '.sluice.yml',
    ).diagnostics.map(({ code, message }) => `${code}: ${message}`);
  const wide = `{ a: ${list}, b: ${list}, exclude: [${excludes(63)}] }`;
  expect(told(wide, 5)).toEqual([]);
  expect(told(wide, 20)[0]).toContain('the matrices of this file have too many combinations before exclude');
  expect(told(`{ a: [1, 2], exclude: [${excludes(257)}] }`, 0)[0]).toContain('exclude has 257 entries');
});

test('among very many names, the first mistyped ones get a suggestion and the others none', () => {
  const stages = Array.from(
    { length: 9_000 },
    (_, index) => `  s${index}x: { needs: [s${index}], image: "busybox:1", steps: [x] }\n`,
  );
  const told = parsePipeline(`on: push\nstages:\n${stages.join('')}`, '.sluice.yml').diagnostics;
  const suggested = told.filter(({ message }) => message.includes('Did you mean "s'));
  expect([told.length, suggested.length]).toEqual([100, 12]);
  expect(suggested).toEqual(told.slice(0, 12));
});
