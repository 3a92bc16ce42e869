import type {
  BuildWork,
  EnvValue,
  RetryPolicy,
  StageDefinition,
  StageKind,
  StageNeed,
  StageWork,
} from './definition.ts';
import { field, nameOf, readFields, requiredField, type Fields, type Reader } from './fields.ts';
import { namesOf } from './keys/key.ts';
import { needKeys, stageKeys } from './keys/stage-keys.ts';
import { stepsKeys } from './keys/steps-keys.ts';
import { readApproval } from './read-approval.ts';
import { readCheckoutWishes } from './read-checkout.ts';
import { readConcurrency } from './read-concurrency.ts';
import { readMatrix } from './read-matrix.ts';
import { readDeployWork } from './read-deploy-work.ts';
import { readBuildWork, readPushWork, readScanWork } from './read-image-work.ts';
import { readRetry } from './read-retry.ts';
import { readStepsWork, type StepsDefaults } from './read-steps-work.ts';
import { readCondition, readEnv, type TemplateContext } from './read-templates.ts';
import { readDuration } from './read-units.ts';
import { readBoolean, readInteger, readList, readPlainText, readTextNode } from './read-values.ts';
import { report, type Reading } from './reading.ts';
import { readUse } from './templates/read-use.ts';
import type { SourceNode } from './source-node.ts';

/** What a stage has where it does not say otherwise. */
export interface StageDefaults extends StepsDefaults {
  readonly timeoutMs: number;
  readonly retry: RetryPolicy;
  readonly pool: string | null;
}

/** Kinds of work as they are written: a matrix has one of these for each combination. */
type WrittenKind = Exclude<StageKind, 'matrix' | 'use'>;

const kinds = [
  'steps',
  'build',
  'scan',
  'push',
  'deploy',
  'approve',
] as const satisfies readonly WrittenKind[];

export function readStage(
  reading: Reading,
  id: string,
  node: SourceNode,
  pipelineEnv: Readonly<Record<string, EnvValue>>,
  defaults: StageDefaults,
): StageDefinition {
  const fields = readFields(reading, node, `stage "${id}"`, { known: namesOf(stageKeys) });
  const outer: TemplateContext = { stage: id, env: [pipelineEnv] };
  const env = field(fields, 'env', (_, value, name) => readEnv(reading, value, name, 'stage-env', outer), {});
  const context: TemplateContext = { stage: id, env: [pipelineEnv, env] };
  const readIf: Reader<string> = (_, value, name) =>
    readCondition(reading, value, name, 'stage-condition', context);
  const placed = {
    id,
    needs: field(fields, 'needs', readNeeds, []),
    if: field(fields, 'if', readIf, null),
  };
  if (fields.entries.has('use')) {
    const matrix = field(fields, 'matrix', readMatrix(outer), null);
    return readUse(fields, { ...unsaid(defaults), ...placed, matrix }, outer);
  }
  refuseUseKeys(fields);
  return {
    ...placed,
    env,
    timeoutMs: field(fields, 'timeout', readDuration(1_000), defaults.timeoutMs),
    retry: field(fields, 'retry', readRetry(defaults.retry), defaults.retry),
    allowFailure: field(fields, 'allow_failure', readAllowFailure, false),
    pool: readPlace(fields, 'pool', ['deploy', 'approve'], readPool) ?? poolOf(fields, defaults),
    concurrency: readPlace(fields, 'concurrency', ['approve'], readConcurrency(context)),
    matrix: readPlace(fields, 'matrix', ['deploy', 'approve'], readMatrix(outer)),
    work: readWork(fields, context, defaults),
  };
}

/** Of a stage whose work others do. */
const unsaid = ({
  timeoutMs,
  retry,
}: StageDefaults): Omit<StageDefinition, 'id' | 'needs' | 'if' | 'work'> => ({
  env: {},
  timeoutMs,
  retry,
  allowFailure: false,
  pool: null,
  concurrency: null,
  matrix: null,
});

function refuseUseKeys(fields: Fields): void {
  for (const key of ['with', 'secrets']) {
    const entry = fields.entries.get(key);
    if (entry === undefined) continue;
    const help =
      key === 'with'
        ? 'Add use: org/templates/node-ci.yml@v3, or remove with.'
        : 'A variable names a secret: env: { TOKEN: { secret: npm-token } }.';
    const message = `${nameOf(fields, key)} belongs to stages with use. ${help}`;
    report(fields.reading, entry.keySpan, 'conflicting-keys', message);
  }
}

/** A name, a list of names, or `{ stage, optional }`. */
const readNeeds: Reader<readonly StageNeed[]> = (reading, node, name) => {
  const needs = readList(readNeed)(reading, node, name);
  const seen = new Set<string>();
  needs.forEach((need, index) => {
    const item = node.kind === 'list' ? node.items[index] : node;
    if (seen.has(need.stage) && item !== undefined) {
      report(reading, item, 'duplicate-need', `${name} names "${need.stage}" twice. Remove one of them.`);
    }
    seen.add(need.stage);
  });
  return needs;
};

const readNeed: Reader<StageNeed> = (reading, node, name) => {
  if (node.kind !== 'map') return { stage: readPlainText(reading, node, name), optional: false };
  const fields = readFields(reading, node, name, { known: namesOf(needKeys) });
  return {
    stage: requiredField(fields, 'stage', readPlainText, 'stage: build', ''),
    optional: field(fields, 'optional', readBoolean, false),
  };
};

const readAllowFailure: Reader<boolean | readonly number[]> = (reading, node, name) =>
  node.kind === 'scalar' && typeof node.value !== 'number'
    ? readBoolean(reading, node, name)
    : readList(readInteger(1, 255))(reading, node, name);

/** What the server itself carries out is in no pool. */
const poolOf = ({ entries }: Fields, { pool }: StageDefaults): string | null =>
  entries.has('deploy') || entries.has('approve') ? null : pool;

/** Workers name their pool by SLUICE_POOL. */
export const readPool: Reader<string> = (reading, node, name) => {
  const text = readTextNode(reading, node, name)?.value ?? '';
  if (text !== '' && !/^[\w-]{1,50}$/.test(text)) {
    const message = `${name} must be the name of a pool of workers: letters, digits, - and _, at most 50.`;
    report(reading, node, 'wrong-value', message);
  }
  return text;
};

/** A key that some kinds of work have no use for. */
function readPlace<T>(fields: Fields, key: string, useless: readonly StageKind[], read: Reader<T>): T | null {
  const entry = fields.entries.get(key);
  const kind = useless.find((each) => fields.entries.has(each));
  if (entry !== undefined && kind !== undefined) {
    const message = `${nameOf(fields, key)} has no meaning for a stage with ${kind}. Remove ${key}.`;
    report(fields.reading, entry.keySpan, 'conflicting-keys', message);
    return null;
  }
  return field(fields, key, read, null);
}

/** A stage does exactly one kind of work. */
function readWork(fields: Fields, context: TemplateContext, defaults: StageDefaults): StageWork {
  const { reading, label } = fields;
  const [kind, second] = kinds.filter((each) => fields.entries.has(each));
  if (kind === undefined) {
    if (fields.node.kind === 'map') {
      const at = { start: fields.node.start, end: fields.node.start + 1 };
      report(reading, at, 'no-work', `${label} does nothing. Add one of ${kinds.join(', ')}, use.`);
    }
    return readStepsWork(fields, context, defaults);
  }
  const extra = second === undefined ? undefined : fields.entries.get(second);
  if (extra !== undefined) {
    const message = `${label} has both ${kind} and ${second}, and a stage does one thing. Make two stages, the second with needs.`;
    report(reading, extra.keySpan, 'conflicting-keys', message);
  }
  if (kind !== 'steps') refuseStepsKeys(fields, kind);
  const entry = fields.entries.get(kind);
  if (entry === undefined || kind === 'steps') return readStepsWork(fields, context, defaults);
  const work = workReaders[kind](reading, entry.value, nameOf(fields, kind), context);
  return work.kind === 'build' ? withCheckout(fields, work) : work;
}

function withCheckout(fields: Fields, work: BuildWork): BuildWork {
  const checkout = field(fields, 'checkout', readCheckoutWishes, null);
  return checkout === null ? work : { ...work, checkout };
}

type WorkReader = (reading: Reading, node: SourceNode, name: string, context: TemplateContext) => StageWork;

const workReaders = {
  build: readBuildWork,
  scan: readScanWork,
  push: readPushWork,
  deploy: readDeployWork,
  approve: (reading, node, name) => ({ kind: 'approve', approval: readApproval(reading, node, name) }),
} satisfies Record<Exclude<WrittenKind, 'steps'>, WorkReader>;

function refuseStepsKeys(fields: Fields, kind: StageKind): void {
  for (const key of namesOf(stepsKeys)) {
    const entry = fields.entries.get(key);
    if (entry === undefined || key === 'steps' || (key === 'checkout' && kind === 'build')) continue;
    report(
      fields.reading,
      entry.keySpan,
      'conflicting-keys',
      `${nameOf(fields, key)} belongs to stages with steps, and this one has ${kind}. Remove ${key}.`,
    );
  }
}
