import { describe, expect, test } from 'vitest';
import type { StepsWork } from './definition.ts';
import { parsePipeline } from './parse-pipeline.ts';

const parse = (body: string) =>
  parsePipeline(
    `on: push\nstages:\n  a:\n    image: x\n    steps: [make]\n${body.replace(/^/gm, '    ')}\n`,
    'x.yml',
  );
const work = (body: string): StepsWork => {
  const { definition, diagnostics } = parse(body);
  const first = definition?.stages[0]?.work;
  if (first?.kind !== 'steps') throw new Error(JSON.stringify(diagnostics));
  return first;
};
const problem = (body: string): { code: string; message: string } => {
  const [first, ...rest] = parse(body).diagnostics;
  if (first === undefined || rest.length > 0) throw new Error(JSON.stringify([first, ...rest]));
  return { code: first.code, message: first.message };
};

describe('services', () => {
  test('are containers with a name, an image, variables and a question that tells when they are ready', () => {
    const { services } = work(
      'services:\n  cache: redis:7\n  db:\n    image: postgres:16\n    env: { POSTGRES_PASSWORD: { secret: db } }\n    ready: pg_isready\n    ready_timeout: 2m\n    command: [postgres, -c, fsync=off]',
    );
    expect(services).toEqual([
      { name: 'cache', image: 'redis:7', env: {}, command: null, ready: null, readyTimeoutMs: 60_000 },
      {
        name: 'db',
        image: 'postgres:16',
        env: { POSTGRES_PASSWORD: { kind: 'secret', secret: 'db' } },
        command: ['postgres', '-c', 'fsync=off'],
        ready: 'pg_isready',
        readyTimeoutMs: 120_000,
      },
    ]);
  });

  test.each([
    ['a name that is no host name', 'services: { my_db: postgres:16 }', 'bad-name'],
    ['the name of the stage itself', 'services: { localhost: postgres:16 }', 'bad-name'],
    ['no image', 'services: { db: { ready: pg_isready } }', 'missing-key'],
    ['an image that is an option', 'services: { db: --privileged }', 'wrong-value'],
    ['a list', 'services: [postgres:16]', 'wrong-type'],
    [
      'a secret in a command',
      'env: { T: { secret: t } }\nservices: { db: { image: x, ready: "echo ${{ env.T }}" } }',
      'secret-in-expression',
    ],
    [
      'what a stranger wrote in a command',
      'services: { db: { image: x, ready: "echo ${{ branch }}" } }',
      'stranger-text-in-command',
    ],
  ])('%s is refused', (_, body, code) => {
    expect(problem(body).code).toBe(code);
  });

  test('an unknown key is told the one that was meant', () => {
    expect(problem('services: { db: { image: x, redy: pg_isready } }').message).toContain('"ready"');
  });

  test('a command in one text is shown as the list that it should be', () => {
    expect(problem("services: { db: { image: x, command: redis-server --save '' } }").message).toContain(
      "Write [redis-server, --save, '''''']",
    );
  });

  test('need an image for the steps too', () => {
    const { diagnostics } = parsePipeline(
      'on: push\nstages: { a: { steps: [x], services: { db: y } } }',
      'x',
    );
    expect(diagnostics.map(({ code }) => code)).toEqual(['missing-key']);
  });

  test('more than 20 are refused', () => {
    const many = Array.from({ length: 21 }, (_, at) => `s${at}: x`).join(', ');
    expect(problem(`services: { ${many} }`).code).toBe('too-many-services');
  });
});

describe('who the steps run as, and what they may use', () => {
  test.each([
    ['user: node', 'node'],
    ['user: 1000', '1000'],
    ["user: '1000:50'", '1000:50'],
  ])('%s', (body, user) => {
    expect(work(body).user).toBe(user);
  });

  test('neither is an option nor a sentence', () => {
    expect(problem('user: --root').code).toBe('wrong-value');
    expect(problem('user: the root').code).toBe('wrong-value');
  });

  test('a read-only root and a limit of processes', () => {
    expect(work('read_only: true\nresources: { pids: 100 }')).toMatchObject({
      readOnlyRoot: true,
      resources: { pids: 100 },
    });
    expect(problem('resources: { pids: 1 }').code).toBe('wrong-type');
  });
});

describe('the retry of a step', () => {
  const retry = (text: string) =>
    parsePipeline(`on: push\nstages: { a: { image: 'x:1', steps: [{ run: make, retry: ${text} }] } }`, 'x');

  test('a number is for the failures that a step has', () => {
    const { definition } = retry('3');
    expect(definition?.stages[0]?.work).toMatchObject({
      steps: [{ retry: { attempts: 3, delayMs: 1_000, factor: 2, on: ['failed', 'timeout'] } }],
    });
  });

  test('a class that no step ends with is named, and the file is good all the same', () => {
    const { definition, diagnostics } = retry("{ attempts: 2, on: ['exit:75', worker-lost] }");
    expect(definition).not.toBeNull();
    expect(diagnostics).toMatchObject([{ severity: 'warning', code: 'not-of-steps' }]);
  });
});
