// `sluice logs`: every line of a run's attempts, in order; with --follow until the run has ended.
import { WebSocket } from 'ws';
import pc from 'picocolors';
import type { AttemptView, LogPage, NumberedLine, RunView } from '@sluice/pipelines/protocol/api';
import type { LiveMessage, LiveRequest } from '@sluice/pipelines/protocol/live';
import type { ApiClient } from '../api-client.ts';
import { findRun, findSoon } from './find-run.ts';

export interface LogsOptions {
  readonly follow: boolean;
  readonly stage?: string;
}

type Write = (text: string) => void;

const pageLines = 10_000;
const reconnectMs = 1_000;

export async function showLogs(
  api: ApiClient,
  name: string,
  options: LogsOptions,
  write: Write,
): Promise<void> {
  const run = options.follow ? await findSoon(api, name) : await findRun(api, name);
  if (options.follow) return follow(api, run.id, options.stage, write);
  for (const attempt of wanted(run, options.stage)) {
    write(heading(attempt));
    for (let from = 0; ;) {
      const page = await api.call<LogPage>(
        'GET',
        `/api/attempts/${attempt.id}/log?from=${from}&limit=${pageLines}`,
      );
      for (const line of page.lines) write(format(line));
      from += page.lines.length;
      if (page.lines.length === 0 || from >= page.total) break;
    }
  }
}

const wanted = (run: RunView, stage: string | undefined): readonly AttemptView[] =>
  run.attempts.filter((attempt) => stage === undefined || attempt.stage === stage);

/** One socket; after a cut it goes on at the next line of every attempt. */
async function follow(api: ApiClient, runId: string, stage: string | undefined, write: Write): Promise<void> {
  const nextLine = new Map<string, number>();
  const complete = new Set<string>();
  let isOver = false;
  while (!isOver) {
    isOver = await followOnce(api, runId, stage, write, nextLine, complete);
    if (!isOver) await new Promise((resolve) => setTimeout(resolve, reconnectMs));
  }
}

function followOnce(
  api: ApiClient,
  runId: string,
  stage: string | undefined,
  write: Write,
  nextLine: Map<string, number>,
  complete: Set<string>,
): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = new WebSocket(`${api.url.replace(/^http/, 'ws')}/live`, {
      headers: { authorization: `Bearer ${api.token}` },
    });
    const send = (request: LiveRequest) => socket.send(JSON.stringify(request));
    const watched = new Set<string>();
    let ended = false;
    socket.on('open', () => send({ kind: 'watch-run', runId }));
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(ended));
    socket.on('message', (data: Buffer) => {
      const message = JSON.parse(data.toString('utf8')) as LiveMessage;
      if (message.kind === 'run') {
        const attempts = wanted(message.run, stage);
        for (const attempt of attempts) {
          if (watched.has(attempt.id)) continue;
          watched.add(attempt.id);
          if (!nextLine.has(attempt.id)) write(heading(attempt));
          const from = nextLine.get(attempt.id) ?? 0;
          nextLine.set(attempt.id, from);
          send({ kind: 'watch-log', attemptId: attempt.id, from });
        }
        ended = message.run.finishedAt !== null;
      }
      if (message.kind === 'log') {
        for (const line of message.lines) write(format(line));
        const last = message.lines.at(-1);
        if (last !== undefined) nextLine.set(message.attemptId, last.n + 1);
      }
      if (message.kind === 'log-complete') complete.add(message.attemptId);
      if (ended && [...watched].every((id) => complete.has(id))) socket.close();
    });
  });
}

const heading = (attempt: AttemptView): string =>
  pc.bold(`── ${attempt.stage}${attempt.attempt > 1 ? ` (attempt ${attempt.attempt})` : ''}\n`);

const format = (line: NumberedLine): string => `${line.stream === 's' ? pc.dim(line.text) : line.text}\n`;
