// Feeds numbered inputs: the same seed and number make the same input, so that any of them can be made again.
import { compileExpression } from '@sluice/pipelines/language/expression/compile-expression';
import { choicesFrom } from '@sluice/pipelines/random.fixture';
import { readCorpus } from './corpus.ts';
import { kinds, shares, type Input, type InputKind } from './inputs.ts';

/** For texts of up to `shortBytes`. */
const limitMs = 100;
const shortBytes = 16_384;
/** Longer ones may take their size's time. */
const msPerKib = 2;
const mostGrowthMb = 300;

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
  for (let number = from; number < inputs; number += 1) {
    onInput?.(number);
    const { kind, input } = makeInput(seed, number, corpus);
    const its = report.kinds[kind];
    const found = (what: string): void => {
      const finding = { kind, number, what, text: input.text.slice(0, 4_000) };
      report.findings.push(finding);
      onFinding?.(finding);
    };
    const before = process.memoryUsage.rss();
    const first = measure(input);
    for (const what of first.wrong) found(what);
    let { ms } = first;
    const growthMb = (process.memoryUsage.rss() - before) / 1e6;
    const bytes = Buffer.byteLength(input.text);
    const limit = limitMs + (Math.max(0, bytes - shortBytes) / 1_024) * msPerKib;
    // What is slow once may have met the garbage collector, or the compiler.
    for (let again = 0; isTimed && again < 3 && ms > limit; again += 1) {
      forgetExpressions();
      ms = Math.min(ms, measure(input).ms);
    }
    if (isTimed && ms > limit) found(`took ${ms.toFixed(0)} ms, and at most ${limit.toFixed(0)} are allowed`);
    if (isTimed && growthMb > mostGrowthMb) found(`memory grew by ${growthMb.toFixed(0)} MB`);
    note(its, { number, ms, bytes }, growthMb);
  }
  return report;
}

/** `process.cpuUsage` in the worker of one thread: what other processes do does not count. */
function measure(input: Input): { readonly ms: number; readonly wrong: readonly string[] } {
  const begun = process.cpuUsage();
  const clock = performance.now();
  const wrong = tryUse(input);
  const { user, system } = process.cpuUsage(begun);
  return { ms: Math.min((user + system) / 1_000, performance.now() - clock), wrong };
}

function tryUse(input: Input): readonly string[] {
  try {
    return input.use();
  } catch (error) {
    return [`threw ${error instanceof Error ? (error.stack ?? error.message).slice(0, 800) : String(error)}`];
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
