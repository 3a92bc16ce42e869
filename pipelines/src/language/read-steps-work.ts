import type { Resources, StepDefinition, StepsWork } from './definition.ts';
import { field, readFields, requiredField, type Fields } from './fields.ts';
import { namesOf } from './keys/key.ts';
import { outputKeys, resourceKeys, stepKeys } from './keys/steps-keys.ts';
import { readCheckout } from './read-checkout.ts';
import { readImageName } from './read-image-name.ts';
import { readKeeps } from './read-keeps.ts';
import { readPod } from './read-pod.ts';
import { readRepositoryPath } from './read-path.ts';
import { readStepRetry } from './read-retry.ts';
import { readServices } from './read-services.ts';
import { readCondition, readEnv, readTemplate, type TemplateContext } from './read-templates.ts';
import { readDuration, readMemory } from './read-units.ts';
import { readUser } from './read-user.ts';
import {
  readBoolean,
  readChoice,
  readInteger,
  readNumber,
  readRecord,
  readText,
  variableName,
} from './read-values.ts';
import { report, type Reading } from './reading.ts';
import type { MapNode, SourceNode } from './source-node.ts';

/** Longer, and forgotten containers would fill an engine. */
const longestKeepMs = 2 * 3_600_000;

export type StepsDefaults = Pick<StepsWork, 'image' | 'shell' | 'resources'>;

export const readShell = readChoice(['sh', 'bash']);

export function readStepsWork(fields: Fields, context: TemplateContext, defaults: StepsDefaults): StepsWork {
  const { reading } = fields;
  const keepOnFailureMs = field(fields, 'keep_on_failure', readKeep, null);
  const keeps = readKeeps(fields, context);
  checkServices(fields, defaults);
  return {
    kind: 'steps',
    image: field(fields, 'image', readImageName(context), defaults.image),
    checkout: field(fields, 'checkout', readCheckout, true),
    shell: field(fields, 'shell', readShell, defaults.shell),
    network: field(fields, 'network', readBoolean, true),
    resources: field(
      fields,
      'resources',
      (_, node, name) => readResources(reading, node, name, defaults.resources),
      defaults.resources,
    ),
    pod: field(fields, 'pod', readPod, null),
    services: field(fields, 'services', readServices(context), []),
    user: field(fields, 'user', readUser, null),
    readOnlyRoot: field(fields, 'read_only', readBoolean, false),
    steps: field(fields, 'steps', (_, node, name) => readSteps(reading, node, name, context), []),
    outputs: field(fields, 'outputs', readRecord(readOutput, variableName), {}),
    ...(keeps !== null && { keeps }),
    ...(keepOnFailureMs === null ? {} : { keepOnFailureMs }),
  };
}

function checkServices({ reading, label, entries }: Fields, { image }: StepsDefaults): void {
  const services = entries.get('services');
  if (services === undefined || entries.has('image') || image !== null) return;
  const message = `${label} has services, which only steps in a container reach. Add the steps' image, such as image: node:20.`;
  report(reading, services.keySpan, 'missing-key', message);
}

/** Fewer are not enough for a shell that starts a program. */
const leastPids = 16;

export function readResources(reading: Reading, node: SourceNode, name: string, base: Resources): Resources {
  const fields = readFields(reading, node, name, { known: namesOf(resourceKeys) });
  return {
    cpu: field(fields, 'cpu', readNumber(0.01, 1_024), base.cpu),
    memoryBytes: field(fields, 'memory', readMemory, base.memoryBytes),
    pids: field(fields, 'pids', readInteger(leastPids, 1_000_000), base.pids),
  };
}

function readKeep(reading: Reading, node: SourceNode, name: string): number {
  const ms = readDuration(1_000)(reading, node, name);
  if (ms > longestKeepMs) report(reading, node, 'wrong-value', `${name} must be at most 2h.`);
  return Math.min(ms, longestKeepMs);
}

function readSteps(
  reading: Reading,
  node: SourceNode,
  name: string,
  context: TemplateContext,
): readonly StepDefinition[] {
  if (node.kind !== 'list') {
    report(reading, node, 'wrong-type', `${name} must be a list. Begin each command's line with "- ".`);
    return [];
  }
  if (node.items.length === 0)
    report(reading, node, 'empty-value', `${name} holds no command. Add one, such as - npm test.`);
  return node.items.map((item, index) => readStep(reading, item, `${name}[${index}]`, context));
}

/** A string is a command; a map gives it a name, a condition, variables or a timeout of its own. */
function readStep(
  reading: Reading,
  node: SourceNode,
  name: string,
  context: TemplateContext,
): StepDefinition {
  if (node.kind !== 'map') {
    const run = readTemplate(reading, node, name, 'command', context);
    return { name: commandName(run), run, if: null, env: {}, timeoutMs: null, retry: null };
  }
  const command = brokenCommand(reading, node, name);
  if (command !== null)
    return { name: command, run: command, if: null, env: {}, timeoutMs: null, retry: null };
  const fields = readFields(reading, node, name, {
    known: namesOf(stepKeys),
  });
  const env = field(fields, 'env', (_, value, label) => readEnv(reading, value, label, 'text', context), {});
  const inner: TemplateContext = { ...context, env: [...context.env, env] };
  const readRun = (_: Reading, value: SourceNode, label: string): string =>
    readTemplate(reading, value, label, 'command', inner);
  const run = requiredField(fields, 'run', readRun, 'run: npm test', '');
  return {
    name: field(fields, 'name', readText, commandName(run)),
    run,
    if: field(
      fields,
      'if',
      (_, value, label) => readCondition(reading, value, label, 'step-condition', inner),
      null,
    ),
    env,
    timeoutMs: field(fields, 'timeout', readDuration(1), null),
    retry: field(fields, 'retry', readStepRetry, null),
  };
}

/** A command with a colon in it is a map to YAML: `echo "done: yes"`. */
function brokenCommand(reading: Reading, node: MapNode, name: string): string | null {
  const [only, second] = node.entries;
  if (only === undefined || second !== undefined || !/\s/.test(only.key)) return null;
  const message = `${name} is a command with ": " in it, which YAML takes for a key and its value. Put all of it in quotes, or below "- |".`;
  const end = Math.max(node.end, only.keySpan.end);
  report(reading, { start: only.keySpan.start, end }, 'wrong-type', message);
  return only.key;
}

/** The first line of a command that says something, short enough for a heading. */
function commandName(run: string): string {
  const lines = run.split('\n').map((line) => line.trim());
  const line = lines.find((each) => each !== '' && !each.startsWith('#')) ?? run.trim();
  return line.length > 60 ? `${line.slice(0, 59)}…` : line;
}

function readOutput(
  reading: Reading,
  entry: { readonly value: SourceNode },
  name: string,
): { readonly file: string } {
  const fields = readFields(reading, entry.value, name, { known: namesOf(outputKeys) });
  return { file: requiredField(fields, 'file', readRepositoryPath, '{ file: VERSION }', '') };
}
