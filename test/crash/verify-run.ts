// What must be true after every journey, whatever was killed in it.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LogPage, NumberedLine, RunView } from '@sluice/pipelines/protocol/api';
import type { Installation } from './installation.ts';
import { until } from './journey.ts';

export interface Expected {
  readonly runId: string;
  readonly status: RunView['status'];
  /** Attempts of each stage; default 1. */
  readonly attempts?: Readonly<Record<string, number>>;
}

export async function endOfRun(installation: Installation, runId: string): Promise<RunView> {
  let last: RunView | null = null;
  try {
    return await until(`the end of run ${runId}`, async () => {
      last = await installation.api.call<RunView>('GET', `/api/runs/${runId}`);
      return last.finishedAt === null ? null : last;
    });
  } catch (error) {
    const stages = Object.entries((last as RunView | null)?.state?.stages ?? {});
    throw new Error(`the run does not end: ${JSON.stringify(Object.fromEntries(stages))}`, { cause: error });
  }
}

/** Problems of status, attempts, logs and what is left behind. */
export async function verifyRun(installation: Installation, expected: Expected): Promise<readonly string[]> {
  const run = await endOfRun(installation, expected.runId);
  const problems: string[] = [];
  if (run.status !== expected.status) {
    const failures = Object.entries(run.state?.stages ?? {}).flatMap(([id, stage]) =>
      stage.status === 'failed' ? [`${id}: ${stage.failure.class}: ${stage.failure.message}`] : [],
    );
    problems.push(`the run ended as ${run.status}, not ${expected.status}: ${failures.join('; ')}`);
  }
  const counts = new Map<string, number>();
  for (const { stage, attempt } of run.attempts) counts.set(stage, Math.max(counts.get(stage) ?? 0, attempt));
  for (const [stage, attempts] of counts) {
    const wanted = expected.attempts?.[stage] ?? 1;
    if (attempts > wanted) problems.push(`stage ${stage} took ${attempts} attempts, not ${wanted}`);
  }
  for (const attempt of run.attempts) {
    if (attempt.log?.verified !== true)
      problems.push(`the log of ${attempt.stage} ${attempt.attempt} is not verified`);
  }
  return [
    ...problems,
    ...(await verifyNumbers(installation, run)),
    ...(await leftBehind(installation, run.id)),
  ];
}

export async function linesOf(
  installation: Installation,
  runId: string,
  stage: string,
): Promise<readonly NumberedLine[]> {
  const run = await installation.api.call<RunView>('GET', `/api/runs/${runId}`);
  const attempt = run.attempts.findLast((each) => each.stage === stage);
  if (attempt === undefined) return [];
  const lines: NumberedLine[] = [];
  for (;;) {
    const path = `/api/attempts/${attempt.id}/log?from=${lines.length}&limit=1000`;
    const page = await installation.api.call<LogPage>('GET', path);
    lines.push(...page.lines);
    if (page.lines.length === 0 || lines.length >= page.total) return lines;
  }
}

/** Lines `<word> <number>` must count from 0 without gap or repeat. */
export function verifyCounting(lines: readonly NumberedLine[], word: string): readonly string[] {
  const numbers = lines.flatMap(({ text }) =>
    text.startsWith(`${word} `) ? [Number(text.slice(word.length + 1))] : [],
  );
  const wrong = numbers.findIndex((number, at) => number !== at);
  if (numbers.length === 0) return [`no line of "${word}" was found`];
  return wrong === -1 ? [] : [`line ${wrong} of "${word}" is number ${numbers[wrong] ?? 'none'}`];
}

async function verifyNumbers(installation: Installation, run: RunView): Promise<readonly string[]> {
  const problems: string[] = [];
  for (const stage of new Set(run.attempts.map((attempt) => attempt.stage))) {
    const lines = await linesOf(installation, run.id, stage);
    const wrong = lines.findIndex((line, at) => line.n !== at);
    if (wrong !== -1) problems.push(`line ${wrong} of ${stage} has number ${lines[wrong]?.n ?? 'none'}`);
  }
  return problems;
}

/** A cluster takes pods away in its own time. */
const tidyMs = { docker: 20_000, kubernetes: 90_000 };

/** What of the run is still there a while after its end. */
async function leftBehind(installation: Installation, runId: string): Promise<readonly string[]> {
  let left: readonly string[] = [];
  await until(
    'a tidy machine',
    async () => ((left = await look(installation, runId)).length === 0 ? true : null),
    tidyMs[installation.platform.kind],
  ).catch(() => undefined);
  return left;
}

async function look({ platform, folder }: Installation, runId: string): Promise<readonly string[]> {
  return [
    ...(await platform.leftovers(runId)),
    ...filesIn(join(folder, 'worker', 'spools')).map((name) => `spool ${name}`),
    ...filesIn(join(folder, 'worker', 'attempts')).map((name) => `folder of attempt ${name}`),
    ...processesIn(join(folder, 'worker', 'attempts')).map((process) => `process ${process}`),
  ];
}

const filesIn = (folder: string): readonly string[] => readdirSync(folder);

/** Processes that work in a folder, by their directory or their command line. */
export function processesIn(folder: string): readonly string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
        return command.includes(folder) && Number(pid) !== process.pid ? [`${pid}: ${command}`] : [];
      } catch {
        return [];
      }
    });
}
