// `npm run fuzz -- --inputs 200000 --seed 1`: prints inputs by kind, the slowest, the most memory and what was found.
// `-- --show 1234` prints input 1234 of that seed, `-- --from 1234` goes on there. Exit code 1 where anything was found.
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { readCorpus } from './corpus.ts';
import { fuzz, makeInput, type FuzzReport } from './fuzz.ts';

/** Processor time after which an input will not end. */
const hangMs = 60_000;

/** `--import tsx` does not reach into threads on Node 20. */
const inTypeScript =
  "import('tsx/esm/api').then(({ register }) => (register(), import(require('node:worker_threads').workerData.url)))";

if (isMainThread) {
  const option = (name: string, fallback: number): number => {
    const at = process.argv.indexOf(`--${name}`);
    return at === -1 ? fallback : Number(process.argv[at + 1]);
  };
  const [seed, from, inputs] = [option('seed', 1), option('from', 0), option('inputs', 200_000)];
  const shown = option('show', -1);
  if (shown >= 0) console.log(makeInput(seed, shown, readCorpus()).input.text);
  else await watch(seed, from, inputs);
} else {
  const { seed, from, inputs, place } = workerData as {
    seed: number;
    from: number;
    inputs: number;
    place: Int32Array;
  };
  const report = fuzz({
    seed,
    from,
    inputs,
    isTimed: true,
    onInput: (number) => void Atomics.store(place, 0, number),
    onFinding: ({ kind, number, what, text }) =>
      console.log(`\n── ${kind}, input ${number}: ${what}\n${text.slice(0, 600)}`),
  });
  parentPort?.postMessage(report);
}

/** Runs the inputs in a thread of their own, so that one that hangs is named. */
async function watch(seed: number, from: number, inputs: number): Promise<void> {
  const place = new Int32Array(new SharedArrayBuffer(4));
  const url = import.meta.url;
  const worker = new Worker(inTypeScript, { eval: true, workerData: { seed, from, inputs, place, url } });
  let last = { number: -1, since: cpuMs(), told: performance.now() };
  const timer = setInterval(() => {
    const number = Atomics.load(place, 0);
    const now = performance.now();
    if (now - last.told > 30_000) {
      console.log(`… ${number} of ${inputs}`);
      last = { ...last, told: now };
    }
    if (number !== last.number) last = { ...last, number, since: cpuMs() };
    else if (cpuMs() - last.since > hangMs) {
      console.log(`input ${number} of seed ${seed} hangs: npm run fuzz -- --seed ${seed} --show ${number}`);
      process.exit(1);
    }
  }, 1_000);
  const begun = performance.now();
  const report = await new Promise<FuzzReport>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', (code) =>
      reject(new Error(`the thread ended with code ${code} at input ${Atomics.load(place, 0)}`)),
    );
  }).finally(() => clearInterval(timer));
  print(report, seed, performance.now() - begun);
  process.exitCode = report.findings.length === 0 ? 0 : 1;
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

function print({ kinds, findings }: FuzzReport, seed: number, ms: number): void {
  const total = Object.values(kinds).reduce((sum, { inputs }) => sum + inputs, 0);
  console.log(`\n${total} inputs of seed ${seed} in ${(ms / 1_000).toFixed(0)} s`);
  for (const [kind, { inputs, slowest, slowestLong, mostGrowthMb }] of Object.entries(kinds)) {
    const long =
      slowestLong.number === -1
        ? ''
        : `, of the long ones ${slowestLong.ms.toFixed(0)} ms (input ${slowestLong.number}, ${slowestLong.bytes} bytes)`;
    console.log(
      `  ${kind.padEnd(10)} ${String(inputs).padStart(7)} inputs, slowest ${slowest.ms.toFixed(0)} ms (input ${slowest.number}, ${slowest.bytes} bytes)${long}, memory grew by at most ${mostGrowthMb.toFixed(0)} MB`,
    );
  }
  console.log(`  the process held ${(process.resourceUsage().maxRSS / 1_000).toFixed(0)} MB at most`);
  console.log(findings.length === 0 ? 'Nothing was found.' : `${findings.length} findings.`);
}
