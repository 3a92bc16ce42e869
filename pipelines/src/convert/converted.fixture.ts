import { expect } from 'vitest';
import { parsePipeline } from '../language/parse-pipeline.ts';
import { convertPipeline } from './convert-pipeline.ts';
import type { System } from './detect-system.ts';
import { noteText } from './note.ts';

/** The pipeline, which our own parser takes, and every note below it. */
export function converted(system: System, text: string): string {
  const result = convertPipeline(text, 'file.yml', system);
  if (result.kind === 'broken') throw new Error(result.diagnostics.map((each) => each.message).join('\n'));
  expect(
    parsePipeline(result.pipeline, '.sluice.yml').diagnostics.filter((each) => each.severity === 'error'),
  ).toEqual([]);
  return `${result.pipeline}\n${result.notes.map((note) => `${note.line}:${note.column} ${noteText(note)}`).join('\n')}`;
}
