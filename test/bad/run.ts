// `npm run test:bad`: a step that prints far more than its limit. Prints figures, and writes them into
// docs/reliability.md.
//   npm run test:bad -- [--gb 10] [--limit-mb 1000]
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { RunView } from '@sluice/pipelines/protocol/api';
import { prepareEngines } from '../engines.ts';
import { endedRun, startSluice } from '../rig/sluice.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const { values } = parseArgs({
  options: { gb: { type: 'string', default: '10' }, 'limit-mb': { type: 'string', default: '1000' } },
});
const [gb, limitMb] = [Number(values.gb), Number(values['limit-mb'])];
const patienceMs = 3_600_000;
Object.assign(process.env, prepareEngines(root).environment);

const line =
  'a line of one hundred bytes, as a chatty build prints them all day long, without any end in sight..';
const image = process.env['TEST_IMAGE'] ?? 'lab/busybox:1';
const step = `yes '${line}' | head -c ${gb * 1_000_000_000}`;
const text = `name: loud\non: { push: {} }\nstages:\n  only:\n    image: ${image}\n    timeout: 60m\n    steps:\n      - name: loud\n        run: ${JSON.stringify(step)}\n`;

await using sluice = await startSluice({ environment: { SLUICE_STEP_LOG_LIMIT_MB: String(limitMb) } });
const most = { server: 0, worker: 0 };
const sampling = setInterval(() => {
  for (const part of ['server', 'worker'] as const)
    most[part] = Math.max(most[part], residentMb(sluice.pid(part)));
}, 250);
const repository = await sluice.repository('loud');
const run = await endedRun(sluice.api, await repository.push({ '.sluice.yml': text }), patienceMs);
clearInterval(sampling);
const figures = figuresOf(run);
console.log(figures);
write(`${root}/docs/reliability.md`, figures);
const isRight =
  run.status === (isAbove() ? 'failed' : 'succeeded') && run.attempts[0]?.log?.verified === true;
process.exitCode = isRight ? 0 : 1;

function figuresOf(ended: RunView): string {
  const log = ended.attempts[0]?.log;
  const stage = ended.state?.stages['only'];
  const end = stage !== undefined && 'failure' in stage ? stage.failure : null;
  const lines = log?.lines ?? 0;
  const seconds = ((ended.finishedAt ?? 0) - ended.createdAt) / 1_000;
  const keptMb = (lines * (line.length + 1)) / 1_000_000;
  const rows = [
    ['the stage ended', end === null ? ended.status : `${end.class}: ${end.message}`],
    [
      'lines kept',
      `${lines} (${keptMb.toFixed(0)} MB), ${log?.verified === true ? 'proven complete' : 'NOT proven'}`,
    ],
    ['time, from push to end', `${seconds.toFixed(0)} s (${(keptMb / seconds).toFixed(1)} MB/s)`],
    ['most memory of the worker', `${most.worker} MB`],
    ['most memory of the server', `${most.server} MB`],
  ];
  return `## A step that prints ${gb} GB

With a limit of ${limitMb} MB for one step's log (\`npm run test:bad -- --gb ${gb} --limit-mb ${limitMb}\`).

| what | figure |
| --- | --- |
${rows.map(([what, figure]) => `| ${what} | ${figure} |`).join('\n')}`;
}

function residentMb(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1_000);
  } catch {
    return 0; // it is being started
  }
}

/** Between our own marks; other sections belong to others. */
function write(path: string, section: string): void {
  const kind = isAbove() ? 'loud step: above its limit' : 'loud step: within its limit';
  const [begin, end] = [`<!-- ${kind}: begin -->`, `<!-- ${kind}: end -->`];
  const before = readFileSync(path, 'utf8');
  const ours = `${begin}\n${section}\n${end}`;
  const at = before.indexOf(begin);
  const after =
    at === -1
      ? `${before.trimEnd()}\n\n${ours}\n`
      : before.slice(0, at) + ours + before.slice(before.indexOf(end) + end.length);
  writeFileSync(path, after);
}

function isAbove(): boolean {
  return gb * 1_000 > limitMb;
}
