import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FakeStep } from './fake-executor.ts';

/** Plays the few commands that the contract's plain tests are written in, without a process. */
export function playScript(step: FakeStep): void {
  for (const line of step.command.script.split('\n')) {
    if (line.startsWith('sleep ')) return; // until it is stopped
    const exit = /^exit (\d+)$/.exec(line);
    if (exit !== null) return step.exit(Number(exit[1]));
    playLine(step, line);
  }
  step.exit(0);
}

function playLine(step: FakeStep, line: string): void {
  const [, words = '', redirect] = /^(.*?)(?: >(&2| [\w.-]+))?$/.exec(line) ?? [];
  const [command, ...rest] = words.split(' ');
  const output = textOf(step, command, rest.join(' '));
  if (redirect === undefined) step.write('stdout', output);
  else if (redirect === '&2') step.write('stderr', output);
  else writeFileSync(join(step.spec.workspace, redirect.trim()), output);
}

function textOf(step: FakeStep, command: string | undefined, text: string): string {
  if (command === 'cat') return readFileSync(join(step.spec.workspace, text), 'utf8');
  if (text === '"%s" "$VALUE"') return step.command.env['VALUE'] ?? '';
  return command === 'echo' ? `${text}\n` : text;
}
