import { expect, test } from 'vitest';
import { variablesIn } from './script.ts';

test.each([
  ['docker build --build-arg SHA="$SHA" .', ['SHA']],
  ['SHA=$(git rev-parse HEAD)\necho "$SHA"', []],
  ['export A B\n./run', ['A', 'B']],
  ['export A=1 B=$C\necho $A $B', ['C']],
  ['if x; then A=1; fi; echo $A', []],
  ['A=1 B=2 ./run $A $B $C', ['C']],
  ['for each in 1 2; do echo $each $OTHER; done', ['OTHER']],
  ['while read line; do echo "$line"; done', []],
])('%j reads from outside %j', (script, names) => {
  expect([...variablesIn(script)]).toEqual(names);
});
