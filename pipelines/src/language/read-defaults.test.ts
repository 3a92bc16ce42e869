import { expect, test } from 'vitest';
import { parsePipeline } from './parse-pipeline.ts';

test('stages have what defaults say where they do not say otherwise', () => {
  const text = `
on: push
env: { NODE: '22' }
defaults: { image: 'node:\${{ env.NODE }}', shell: bash, pool: big, timeout: 5m, retry: 2, resources: { cpu: 2 } }
stages:
  a: { steps: [x] }
  b: { image: busybox:1, shell: sh, pool: small, timeout: 1m, resources: { memory: 1Gi }, steps: [x] }
  c: { services: { db: { image: postgres:16 } }, steps: [x] }
  d: { approve: {} }
`;
  const { definition, diagnostics } = parsePipeline(text, 'x.yml');
  expect(diagnostics).toEqual([]);
  const [a, b, c, d] = definition?.stages ?? [];
  expect(a).toMatchObject({
    pool: 'big',
    timeoutMs: 300_000,
    retry: { attempts: 2 },
    work: { image: 'node:${{ env.NODE }}', shell: 'bash', resources: { cpu: 2 } },
  });
  expect(b).toMatchObject({
    pool: 'small',
    timeoutMs: 60_000,
    work: { image: 'busybox:1', shell: 'sh', resources: { cpu: 2, memoryBytes: 1_073_741_824 } },
  });
  expect(c).toMatchObject({ work: { image: 'node:${{ env.NODE }}' } });
  expect(d).toMatchObject({ pool: null, work: { kind: 'approve' } });
});

test.for([
  ['image: node:20\n  shel: bash', 'There is no key "shel" in defaults. Did you mean "shell"?'],
  ['image: "node:${{ matrix.node }}"', 'matrix is known inside of a stage that has one.'],
  ['shell: zsh', 'defaults.shell must be one of sh, bash, not "zsh".'],
])('a mistake in defaults is found: %s', ([body, message]) => {
  const text = `on: push\ndefaults:\n  ${body}\nstages: { a: { steps: [x] } }\n`;
  expect(
    parsePipeline(text, 'x')
      .diagnostics.map((each) => each.message)
      .join('\n'),
  ).toContain(message);
});
