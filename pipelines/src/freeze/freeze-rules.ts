// When nothing may be released to an environment, as an operator says it.
import { z } from 'zod';
import { parseCron } from '../cron/parse-cron.ts';
import { timezoneProblem } from '../cron/time-zone.ts';
import { parseDuration } from '../language/read-units.ts';

const mostWindows = 50;
const longestMs = 400 * 86_400_000;

const duration = z
  .string('must be a time with its unit, such as 8h or 62h')
  .transform((text, context): number => {
    const ms = parseDuration(text);
    if (ms !== null && ms >= 60_000 && ms <= longestMs) return ms;
    context.addIssue(
      `must be a time from 1m to 400d, such as 8h or 62h, not ${JSON.stringify(text.slice(0, 40))}`,
    );
    return z.NEVER;
  });

const cron = z
  .string()
  .trim()
  .max(200)
  .superRefine((text, context) => {
    const parsed = parseCron(text);
    if (!parsed.ok) context.addIssue(`"${text.slice(0, 100)}" is not a schedule: ${parsed.error}`);
  });

const timezone = z.string().superRefine((name, context) => {
  const problem = timezoneProblem(name);
  if (problem !== null) context.addIssue(problem);
});

/** Opens whenever `cron` fires by the clock of `timezone`, and closes after `duration` of real time. */
const freezeWindow = z.strictObject({
  name: z.string().trim().min(1, 'give the window a name, such as weekend').max(60, 'at most 60 characters'),
  /** `deny`: frozen while it is open. `allow`: where there is one, frozen whenever none is open. Deny goes before allow. */
  kind: z.enum(['deny', 'allow'], 'must be deny or allow'),
  cron,
  duration,
  timezone,
  /** For whoever waits because of it. */
  reason: z.string().trim().min(1, 'say why, for whoever has to wait').max(500, 'at most 500 characters'),
});

export const freezeRules = z.strictObject({
  windows: z
    .array(freezeWindow)
    .max(mostWindows, `at most ${mostWindows} windows`)
    .superRefine((windows, context) => {
      const names = windows.map(({ name }) => name);
      const twice = names.find((name, index) => names.indexOf(name) !== index);
      if (twice !== undefined)
        context.addIssue(`two windows are called "${twice}": give each a name of its own`);
    }),
  /** What becomes of a rollout that would begin while it is frozen: it waits for the end, or is refused at once. */
  starts: z.enum(['wait', 'refuse'], 'must be wait or refuse').default('wait'),
  /** Names or roles of those who may let one rollout through, with a reason; none: administrators. */
  breakGlass: z.array(z.string().trim().min(1).max(100)).max(50).default([]),
});

/** As people write it: `duration` is a text. */
export type FreezeRulesText = z.input<typeof freezeRules>;
/** `duration` is in milliseconds. */
export type FreezeRules = z.output<typeof freezeRules>;
export type FreezeWindow = FreezeRules['windows'][number];

export const noFreeze: FreezeRules = { windows: [], starts: 'wait', breakGlass: [] };
