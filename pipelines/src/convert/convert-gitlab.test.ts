import { expect, test } from 'vitest';
import { parsePipeline } from '../language/parse-pipeline.ts';
import { convertPipeline } from './convert-pipeline.ts';
import { noteText } from './note.ts';

test('a job is a stage that waits for the stages before its own', () => {
  expect(
    converted(
      'build:\n  stage: build\n  image: node:20\n  script: [npm ci, npm run build]\nunit:\n  image: node:20\n  script: npm test\n',
    ),
  ).toContain(
    `stages:
  build:
    image: node:20
    steps:
      - npm ci
      - npm run build

  unit:
    needs: [build]
    image: node:20
    steps:
      - npm test
`,
  );
});

test('commands that share the state of a shell stay one step', () => {
  expect(converted('a:\n  image: x:1\n  script: [cd app, make]\n')).toContain(
    '      - |-\n        cd app\n        make\n',
  );
});

test('a token that GitLab sets becomes a secret by its name, never a value to write down', () => {
  const text = 'a:\n  image: x:1\n  variables: { PASSWORD: $CI_JOB_TOKEN }\n  script: make\n';
  expect(converted(text)).toContain('PASSWORD: { secret: CI_JOB_TOKEN }');
});

test('a condition that has no counterpart never lets a stage run for everything', () => {
  const text = "a:\n  image: x:1\n  script: make\n  rules: [{ if: 'who knows' }]\n";
  expect(converted(text)).toContain("    if: 'false'\n");
});

/** The pipeline, which our own parser takes, and every note below it. */
function converted(text: string): string {
  const result = convertPipeline(text, '.gitlab-ci.yml', null);
  if (result.kind === 'broken') throw new Error(result.diagnostics.map((each) => each.message).join('\n'));
  expect(
    parsePipeline(result.pipeline, '.sluice.yml').diagnostics.filter((each) => each.severity === 'error'),
  ).toEqual([]);
  return `${result.pipeline}\n${result.notes.map((note) => `${note.line}:${note.column} ${noteText(note)}`).join('\n')}`;
}
