// What the language of this version knows, asked of the language itself.
import { compileExpression } from '../language/expression/compile-expression.ts';
import { parsePipeline } from '../language/parse-pipeline.ts';
import { atom, no, type Cel } from './cel.ts';

const scheduleCondition = "event == 'schedule'";

/** A run that a clock started. */
export const scheduled: Cel = compileExpression(scheduleCondition).ok ? atom(scheduleCondition) : no;

const probe = (head: string, stage: string): boolean =>
  parsePipeline(`${head}\nstages: { a: { image: 'x:1', steps: [x]${stage} } }\n`, 'probe').definition !==
  null;

export const hasSchedule = probe("on: { schedule: [{ cron: '0 3 * * 1' }] }", '');
