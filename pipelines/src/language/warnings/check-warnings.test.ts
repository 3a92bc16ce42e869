import { describe, expect, test } from 'vitest';
import { linkOf } from '../link-of.ts';
import { parsePipeline } from '../parse-pipeline.ts';

/** `code  underlined` of each. */
function warnings(text: string): readonly string[] {
  const { definition, diagnostics } = parsePipeline(text, '.sluice.yml');
  expect(definition).not.toBeNull();
  return diagnostics.map(
    ({ severity, code, sourceLine, column, length }) =>
      `${severity} ${code}: ${sourceLine.slice(column - 1, column - 1 + length)}`,
  );
}

const onPush = (stages: string): string => `on: push\nstages:\n${stages}`;

describe('an output', () => {
  test('that nothing reads is warned of', () => {
    expect(
      warnings(
        onPush(
          '  a: { steps: [x], outputs: { v: { file: V }, w: { file: W } } }\n  b: { needs: [a], env: { V: "${{ stages.a.outputs.v }}" }, steps: [x] }\n',
        ),
      ),
    ).toEqual(['warning unused-output: w']);
  });

  test('of a matrix is read by the id of one of its combinations, and all outputs by their map', () => {
    expect(
      warnings(
        onPush(`  a: { matrix: { n: [1, 2] }, steps: [x], outputs: { v: { file: V } } }
  c: { steps: [x], outputs: { v: { file: V } } }
  b:
    needs: [a, c]
    if: size(stages.c.outputs) > 0
    env: { V: "\${{ stages['a (1)'].outputs.v }}" }
    steps: [x]
`),
      ),
    ).toEqual([]);
  });
});

describe('an image', () => {
  test.each(['node', 'node:latest', 'registry.example.com:5000/tools/node'])('%s floats', (image) => {
    expect(warnings(onPush(`  a: { image: '${image}', steps: [x] }\n`))).toEqual([
      `warning floating-image: '${image}'`,
    ]);
  });

  test.each(['node:20', 'registry.example.com:5000/node:20', 'node@sha256:abc', 'node:${{ commit.sha }}'])(
    '%s does not',
    (image) => {
      expect(warnings(onPush(`  a: { image: '${image}', steps: [x] }\n`))).toEqual([]);
    },
  );

  test('of a service or of defaults floats as well', () => {
    expect(
      warnings(
        `defaults: { image: busybox }\n${onPush('  a: { services: { db: postgres, c: { image: redis } }, steps: [x] }\n')}`,
      ),
    ).toEqual([
      'warning floating-image: busybox',
      'warning floating-image: postgres',
      'warning floating-image: redis',
    ]);
  });
});

describe('a stage never runs', () => {
  test('when its condition is false for every event of the file', () => {
    expect(warnings(onPush("  a: { if: event == 'tag', steps: [x] }\n"))).toEqual([
      "warning unreachable-stage: event == 'tag'",
    ]);
    expect(
      warnings(
        "on: { push: main }\nstages: { a: { if: branch == 'dev' && commit.author != '', steps: [x] } }\n",
      ),
    ).toEqual(["warning unreachable-stage: branch == 'dev' && commit.author != ''"]);
  });

  test('when it needs one that never runs, and does not mind how that ends', () => {
    const text = onPush(
      "  a: { if: 'false', steps: [x] }\n  b: { needs: [a], steps: [x] }\n  c: { needs: [a], if: always(), steps: [x] }\n  d: { needs: [{ stage: a, optional: true }], steps: [x] }\n",
    );
    expect(warnings(text)).toEqual(["warning unreachable-stage: 'false'", 'warning unreachable-stage: [a]']);
  });

  test.each([
    ['a branch by pattern', "on: { push: 'release/*' }", "branch == 'dev'"],
    ['one of its events', 'on: [push, tag]', "event == 'tag'"],
    [
      'an input that a person fills in',
      'on: { manual: { inputs: { go: { type: boolean, default: false } } } }',
      'inputs.go',
    ],
    ['a failure', 'on: push', 'failure()'],
    ['what is not known', 'on: push', "commit.message.contains('x')"],
  ])('and does with %s', (_, on, condition) => {
    expect(warnings(`${on}\nstages: { a: { if: "${condition}", steps: [x] } }\n`)).toEqual([]);
  });
});

describe('a secret', () => {
  const stage = (more: string): string =>
    `on: [push, pull_request]\nstages:\n  a: { ${more} env: { TOKEN: { secret: t } }, steps: [x] }\n`;

  test('in a stage that pull requests run is warned of', () => {
    expect(warnings(stage(''))).toEqual(['warning secret-in-fork: TOKEN']);
  });

  test('is not where pull requests do not run it', () => {
    expect(warnings(stage("if: event != 'pull_request',"))).toEqual([]);
    expect(warnings(stage('').replace('[push, pull_request]', 'push'))).toEqual([]);
  });
});

describe('a canary can never fail', () => {
  const canary = (more: string): string =>
    onPush(
      `  image: { build: }\n  push: { needs: [image], push: { of: image, to: r.example.com/a } }\n  live: { needs: [push], deploy: { environment: live, image: push, manifests: k8s, strategy: canary, ${more} } }\n`,
    );
  const query = `'up{version="\${{ version }}"}'`;

  test('when all its metrics are dry_run', () => {
    expect(warnings(canary(`metrics: { up: { query: ${query}, limit: 2, dry_run: true } }`))).toEqual([
      'warning gate-never-fails: metrics',
    ]);
    expect(warnings(canary(`metrics: { up: { query: ${query}, limit: 2 } }`))).toEqual([]);
  });

  test('when no step measures it and none asks a person', () => {
    expect(warnings(canary('steps: [{ set_weight: 10 }, { pause: 1m }]'))).toEqual([
      'warning gate-never-fails: steps',
    ]);
    expect(warnings(canary('steps: [{ set_weight: 10 }, { pause: }]'))).toEqual([]);
    expect(warnings(canary('steps: [{ set_weight: 10 }, { approve: }]'))).toEqual([]);
  });
});

describe('a comment', () => {
  test('on the line or above it ignores the warnings that it names', () => {
    expect(
      warnings(onPush('  a:\n    image: node # sluice-ignore: floating-image\n    steps: [x]\n')),
    ).toEqual([]);
    expect(
      warnings(
        onPush('  a:\n    # sluice-ignore: unused-output, floating-image\n    image: node\n    steps: [x]\n'),
      ),
    ).toEqual([]);
    expect(
      warnings(onPush('  a:\n    image: node # sluice-ignore: unused-output\n    steps: [x]\n')),
    ).toHaveLength(1);
  });

  test('ignores no error', () => {
    const { definition } = parsePipeline(
      onPush('  a:\n    image: 1 # sluice-ignore: wrong-type\n    steps: [x]\n'),
      'x',
    );
    expect(definition).toBeNull();
  });
});

test('a file with an error is not warned about', () => {
  const { diagnostics } = parsePipeline(onPush('  a: { image: node, step: [x] }\n'), 'x');
  expect(diagnostics.filter(({ severity }) => severity === 'warning')).toEqual([]);
});

test('a diagnostic leads to the section of the key that it stands at', () => {
  const link = (text: string): unknown => {
    const last = parsePipeline(onPush(text), 'x').diagnostics.at(-1);
    return last === undefined ? null : linkOf(last);
  };
  expect(link('  a: { steps: [x], retry: { attemts: 3 } }\n')).toBe('docs/language.md#retry');
  expect(link('  a: { steps: [{ run: 1 }] }\n')).toBe('docs/language.md#steps');
  expect(link('  a: { deploy: { environment: live, image: p, container: { port: x } } }\n')).toBe(
    'docs/language.md#deploycontainer',
  );
  expect(link('  a: { steps: [x], colour: red }\n')).toBe('docs/language.md#stages');
  expect(link("  a: { if: brunch == 'x', steps: [x] }\n")).toBe('docs/language.md#if');
  expect(link('  a: { image: node, steps: [x] }\n')).toBe('docs/language.md#floating-image');
});
