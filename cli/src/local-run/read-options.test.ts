import { expect, test } from 'vitest';
import { readOptions, type RunFlags } from './read-options.ts';

const none: RunFlags = { keep: false, inPlace: false, json: false, plain: false };
const read = (flags: Partial<RunFlags>, env: Readonly<Record<string, string>> = {}) =>
  readOptions(undefined, { ...none, ...flags }, env);

test('a secret is given with its value, or by its name from the environment', () => {
  const env = { TOKEN: 'one', NPM_TOKEN: 'two' };
  expect(read({ secret: ['TOKEN', 'npm-token', 'other=a=b'] }, env)).toMatchObject({
    value: { secrets: { TOKEN: 'one', 'npm-token': 'two', other: 'a=b' } },
  });
});

test('a secret that the environment does not have is refused, with the names that were looked for', () => {
  expect(read({ secret: ['npm-token'] })).toMatchObject({
    error: expect.stringContaining('no npm-token and no NPM_TOKEN'),
  });
});

test('a value that was taken for a name is not repeated', () => {
  const refused = read({ secret: ['hunter2 hunter2'] });
  expect(JSON.stringify(refused)).not.toContain('hunter2');
});

test('an input makes the run a manual one, and belongs to no other', () => {
  expect(read({ input: ['level=debug'] })).toMatchObject({
    value: { wishes: { event: 'manual', inputs: { level: 'debug' } } },
  });
  expect(read({ input: ['level=debug'], event: 'push' })).toMatchObject({
    error: '--input belongs to --event manual, not to push',
  });
});

test('executors are Docker alone by default, and both where both are named', () => {
  expect(read({})).toMatchObject({ value: { executors: { docker: true, process: false } } });
  expect(read({ executor: 'docker,process' })).toMatchObject({
    value: { executors: { docker: true, process: true } },
  });
  expect(read({ executor: 'proces' })).toMatchObject({
    error: expect.stringContaining('Did you mean "process"?'),
  });
});

test('in the folder itself stages run one at a time', () => {
  expect(read({ inPlace: true })).toMatchObject({ value: { jobs: 1 } });
  expect(read({ inPlace: true, jobs: '2' })).toMatchObject({ ok: false });
  expect(read({ jobs: '0' })).toMatchObject({ error: '--jobs wants a number from 1, got "0"' });
});
