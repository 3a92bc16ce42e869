import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { stepProgram } from './resident-shell.ts';

const step = { index: 3, try: 1, script: 'true', shell: 'sh', env: {}, graceMs: 0 } as const;

test('a script and values are data, whatever quotes they hold', () => {
  const hostile = `it's "$HOME" \`id\` $(id)\n')\nend\\`;
  const program = stepProgram({ ...step, script: hostile, env: { VALUE: hostile } }, 'mark');
  const [written = ''] = program.split(' >/sluice/step-3\n');
  expect(execFileSync('sh', ['-c', written], { encoding: 'utf8' })).toBe(hostile);
  const [exported = ''] = program.split('\nexport ').slice(1).join('').split('\nexec sh -e');
  const printed = `export ${exported}\nprintf %s "$VALUE"`;
  expect(execFileSync('sh', ['-c', printed], { encoding: 'utf8' })).toBe(hostile);
});

test('processes are killed only where the shell is the first of its container', () => {
  expect(stepProgram(step, 'mark')).toContain('[ $$ = 1 ] && kill -9 -1');
});
