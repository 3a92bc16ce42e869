import { readdirSync, existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { lintFiles } from './lint-command.ts';
import { planCommand } from './plan-command.ts';
import { terminal, type Terminal } from './terminal.ts';

const folder = fileURLToPath(new URL('../../examples/', import.meta.url));
const files = readdirSync(folder, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => `${folder}${entry.name}/.sluice.yml`)
  .filter((file) => existsSync(file));

test('there are examples to check', () => {
  expect(files.length).toBeGreaterThanOrEqual(5);
});

describe.each(files)('%s', (file) => {
  test('has nothing for the linter to complain about', async () => {
    const { io, output } = recordingTerminal();
    const exitCode = await lintFiles([file], io);
    expect(output()).toBe('0 errors, 0 warnings in 1 file\n');
    expect(exitCode).toBe(0);
  });

  test.each(['push', 'manual', 'pull_request'])('plans a %s, or says why nothing runs', async (event) => {
    const { io, output } = recordingTerminal();
    expect(await planCommand({ file, event, branch: 'main', json: false, now: 0 }, io)).toBe(0);
    expect(output()).toMatch(/stages run for|Nothing runs:\n {2}\S/);
  });

  test('runs at least one stage for a push to main', async () => {
    const { io, output } = recordingTerminal();
    await planCommand({ file, event: 'push', branch: 'main', json: false, now: 0 }, io);
    expect(output()).toMatch(/^ {2}\+ /m);
  });
});

function recordingTerminal(): { readonly io: Terminal; readonly output: () => string } {
  let output = '';
  const write = (text: string): void => void (output += text);
  return { io: { ...terminal(), write, colour: false }, output: () => output };
}
