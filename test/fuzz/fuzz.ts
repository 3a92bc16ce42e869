// Feeds numbered inputs: the same seed and number make the same input, so that any of them can be made again.
import { compileExpression } from '@sluice/pipelines/language/expression/compile-expression';
import { parsePipeline } from '@sluice/pipelines/language/parse-pipeline';
import { choicesFrom } from '@sluice/pipelines/random.fixture';
import { readCorpus } from './corpus.ts';
import { kinds, shares, type Input, type InputKind, type Use } from './inputs.ts';

/** Where no more than `shortBytes` are read. */
const limitMs = 100;
const shortBytes = 16_384;
/** What is read beyond that may take so many times as long as a dense, sound text of its size does at that moment. */
const timesReference = 1.5;
/** As slow as a plan of 10,000 stages may be, which is to take a second. */
const msPerStage = 0.1;
const mostGrowthMb = 300;
/** Inputs after which the machine may have become faster or slower. */
const referenceEvery = 500;

const limitOf = ({ read, planned }: Use, msPerKib: number): number =>
  limitMs + (Math.max(0, read - shortBytes) / 1_024) * timesReference * msPerKib + planned * msPerStage;

export interface Finding {
  readonly kind: InputKind;
  readonly number: number;
  readonly what: string;
  readonly text: string;
}

export interface Slowest {
  readonly number: number;
  readonly ms: number;
  readonly bytes: number;
}

export interface KindReport {
  inputs: number;
  /** Of short inputs. */
  slowest: Slowest;
  slowestLong: Slowest;
  /** By how much resident memory grew most over one input. */
  mostGrowthMb: number;
}

export interface FuzzReport {
  readonly kinds: Record<InputKind, KindReport>;
  readonly findings: Finding[];
}

export interface FuzzOptions {
  readonly seed: number;
  /** Number of the first input; default: 0. */
  readonly from?: number;
  /** Number after that of the last one. */
  readonly inputs: number;
  /** Only what throws or answers wrongly counts: where other tests run beside it, time says nothing. */
  readonly isTimed: boolean;
  /** Called before each input. */
  readonly onInput?: (number: number) => void;
  /** Called at once: a later input that hangs takes the report with it. */
  readonly onFinding?: (finding: Finding) => void;
}

export function fuzz({ seed, from = 0, inputs, isTimed, onInput, onFinding }: FuzzOptions): FuzzReport {
  const corpus = readCorpus();
  const report: FuzzReport = { kinds: mapKinds(emptyReport), findings: [] };
  let msPerKib = 0;
  for (let number = from; number < inputs; number += 1) {
    onInput?.(number);
    if (isTimed && (number - from) % referenceEvery === 0) msPerKib = referenceMsPerKib();
    const { kind, input } = makeInput(seed, number, corpus);
    const its = report.kinds[kind];
    const found = (what: string): void => {
      const finding = { kind, number, what, text: input.text.slice(0, 4_000) };
      report.findings.push(finding);
      onFinding?.(finding);
    };
    const before = process.memoryUsage.rss();
    const first = measure(input);
    for (const what of first.use.wrong) found(what);
    let { ms } = first;
    const growthMb = (process.memoryUsage.rss() - before) / 1e6;
    const bytes = Buffer.byteLength(input.text);
    let limit = limitOf(first.use, msPerKib);
    // What is slow once may have met the garbage collector, or the compiler.
    for (let again = 0; isTimed && again < 3 && ms > limit; again += 1) {
      forgetExpressions();
      ms = Math.min(ms, measure(input).ms);
    }
    if (isTimed && ms > limit) {
      msPerKib = referenceMsPerKib();
      limit = limitOf(first.use, msPerKib);
    }
    if (isTimed && ms > limit) found(`took ${ms.toFixed(0)} ms, and at most ${limit.toFixed(0)} are allowed`);
    if (isTimed && growthMb > mostGrowthMb) found(`memory grew by ${growthMb.toFixed(0)} MB`);
    note(its, { number, ms, bytes }, growthMb);
  }
  return report;
}

/** Stages as short as they can be, in braces: nothing that people write has more to read in a KiB. */
const reference = `on: push
stages:
${Array.from({ length: 1_500 }, (_, index) => `  s${index}: { matrix: { a: [1, 2], b: [3, 4] }, steps: [x] }\n`).join('')}`;

function referenceMsPerKib(): number {
  const use = (): Use => {
    const { definition } = parsePipeline(reference, 'reference.yml');
    return { wrong: definition === null ? ['it is not sound'] : [], read: reference.length, planned: 0 };
  };
  const measured = Array.from({ length: 3 }, () => measure({ text: reference, use }));
  if (measured.some((each) => each.use.wrong.length > 0)) throw new Error('the reference text has mistakes');
  return Math.min(...measured.map(({ ms }) => ms)) / (reference.length / 1_024);
}

/** `process.cpuUsage` in the worker of one thread: what other processes do does not count. */
function measure(input: Input): { readonly ms: number; readonly use: Use } {
  const begun = process.cpuUsage();
  const clock = performance.now();
  const use = tryUse(input);
  const { user, system } = process.cpuUsage(begun);
  return { ms: Math.min((user + system) / 1_000, performance.now() - clock), use };
}

function tryUse(input: Input): Use {
  try {
    return input.use();
  } catch (error) {
    const what = error instanceof Error ? (error.stack ?? error.message).slice(0, 800) : String(error);
    return { wrong: [`threw ${what}`], read: input.text.length, planned: 0 };
  }
}

export function makeInput(
  seed: number,
  number: number,
  corpus: ReturnType<typeof readCorpus>,
): { readonly kind: InputKind; readonly input: Input } {
  const choices = choicesFrom(Math.imul(seed, 0x9e3779b1) ^ Math.imul(number + 1, 0x85ebca6b));
  const kind = pickKind(choices.below(100));
  return { kind, input: kinds[kind](choices, corpus) };
}

function pickKind(roll: number): InputKind {
  let left = roll;
  for (const kind of kindNames()) {
    left -= shares[kind];
    if (left < 0) return kind;
  }
  return 'pipeline';
}

const kindNames = (): InputKind[] => Object.keys(shares).filter((name): name is InputKind => name in kinds);

function mapKinds(make: () => KindReport): Record<InputKind, KindReport> {
  return {
    pipeline: make(),
    used: make(),
    expression: make(),
    template: make(),
    plan: make(),
    converter: make(),
  };
}

const none: Slowest = { number: -1, ms: 0, bytes: 0 };
const emptyReport = (): KindReport => ({ inputs: 0, slowest: none, slowestLong: none, mostGrowthMb: 0 });

function note(report: KindReport, one: Slowest, growthMb: number): void {
  report.inputs += 1;
  report.mostGrowthMb = Math.max(report.mostGrowthMb, growthMb);
  if (one.bytes <= shortBytes && one.ms > report.slowest.ms) report.slowest = one;
  if (one.bytes > shortBytes && one.ms > report.slowestLong.ms) report.slowestLong = one;
}

/** Compiled expressions are remembered, so a second measurement would look faster than it is. */
function forgetExpressions(): void {
  const long = 'x'.repeat(900);
  for (let index = 0; index < 700; index += 1) compileExpression(`'${long}' == '${index}'`);
}
