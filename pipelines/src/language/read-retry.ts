import { failureClasses, type FailureClass, type RetryPolicy } from './definition.ts';
import { field, readFields, type Reader } from './fields.ts';
import { namesOf } from './keys/key.ts';
import { retryKeys } from './keys/retry-keys.ts';
import { readInteger, readList, readNumber, readText } from './read-values.ts';
import { readDuration } from './read-units.ts';
import { report, suggestion } from './reading.ts';

/** One try; where a stage asks for more, they are for failures that are not the pipeline's own. */
export const defaultRetry: RetryPolicy = {
  attempts: 1,
  delayMs: 10_000,
  factor: 2,
  maxDelayMs: 10 * 60_000,
  on: ['infrastructure', 'image-pull'],
};

const readAttempts = readInteger(1, 20);

/** A number of attempts, or a map; what it leaves out comes from `base`. */
export const readRetry =
  (base: RetryPolicy): Reader<RetryPolicy> =>
  (reading, node, name) => {
    if (node.kind === 'scalar') return { ...base, attempts: readAttempts(reading, node, name) };
    const fields = readFields(reading, node, name, {
      known: namesOf(retryKeys),
    });
    return {
      attempts: field(fields, 'attempts', readAttempts, base.attempts),
      delayMs: field(fields, 'delay', readDuration(), base.delayMs),
      factor: field(fields, 'factor', readNumber(1, 100), base.factor),
      maxDelayMs: field(fields, 'max_delay', readDuration(), base.maxDelayMs),
      on: field(fields, 'on', readList(readFailureClass), base.on),
    };
  };

/**
 * Of a step: unlike a stage's it is, where it does not say otherwise, for the step's own failures, and the tries follow
 * each other sooner.
 */
export const readStepRetry: Reader<RetryPolicy> = (reading, node, name) => {
  const policy = readRetry({ ...defaultRetry, delayMs: 1_000, on: ['failed', 'timeout'] })(
    reading,
    node,
    name,
  );
  const foreign = policy.on.find((rule) => notOfSteps.some((each) => each === rule));
  if (foreign !== undefined) {
    const message = `${name}: a step never ends as ${foreign}, a stage does. Name it in the retry of the stage.`;
    report(reading, node, 'not-of-steps', message, 'warning');
  }
  return policy;
};

const notOfSteps = [
  'image-pull',
  'worker-lost',
  'infrastructure',
  'cancelled',
] as const satisfies readonly FailureClass[];

const readFailureClass: Reader<string> = (reading, node, name) => {
  const text = readText(reading, node, name);
  const isClass = failureClasses.some((each) => each === text);
  const [, exitCode] = /^exit:(\d{1,3})$/.exec(text) ?? [];
  if (
    text !== '' &&
    !isClass &&
    !(exitCode !== undefined && Number(exitCode) >= 1 && Number(exitCode) <= 255)
  ) {
    const message = `${name}: "${text}" is no failure class. Use ${failureClasses.join(', ')} or exit:N.`;
    report(reading, node, 'wrong-value', message + suggestion(reading, text, failureClasses));
  }
  return text;
};
