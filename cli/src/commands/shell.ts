// `sluice shell`: a terminal in the container of a stage that runs, or that failed and is kept.
import { WebSocket } from 'ws';
import { shellNews, type ShellEnd, type ShellRequest } from '@sluice/pipelines/protocol/shell';
import type { AttemptView, RunView } from '@sluice/pipelines/protocol/api';
import { ApiError, type ApiClient } from '../api-client.ts';
import { findRun } from './find-run.ts';

export interface ShellOptions {
  /** Give up what is kept, instead of opening a shell. */
  readonly release: boolean;
}

/** The terminal that the person sits at; `isTTY` false: its input is a pipe. */
export interface PersonTerminal {
  readonly input: NodeJS.ReadStream;
  readonly output: NodeJS.WriteStream;
  readonly say: (text: string) => void;
}

/** Gives the exit code for the command line: that of the shell, or 1 when it ended otherwise. */
export async function openShell(
  api: ApiClient,
  name: string,
  stage: string | undefined,
  options: ShellOptions,
  terminal: PersonTerminal,
): Promise<number> {
  const run = await findRun(api, name);
  const attempt = chooseAttempt(run, stage, Date.now());
  if (options.release) {
    await api.call('DELETE', `/api/attempts/${attempt.id}/hold`);
    terminal.say(`released what was kept of ${attempt.stage} of run #${run.number}`);
    return 0;
  }
  const end = await connect(api, attempt.id, terminal);
  if (end.reason !== 'exited') terminal.say(end.message);
  return end.reason === 'exited' ? (end.exitCode ?? 0) : 1;
}

/** The stage that was named, or else the only one that a shell can be opened in. */
function chooseAttempt(run: RunView, stage: string | undefined, now: number): AttemptView {
  const newest = (id: string): AttemptView | undefined =>
    run.attempts.filter((attempt) => attempt.stage === id).toSorted((a, b) => b.attempt - a.attempt)[0];
  if (stage !== undefined) {
    const named = newest(stage);
    if (named !== undefined) return named;
    throw new ApiError(`stage "${stage}" of run #${run.number} has not begun`, 'not-open', null);
  }
  const open = (run.plan?.stages ?? []).flatMap(({ id, work }) => {
    const attempt = newest(id);
    const isRunning = work.kind === 'steps' && run.state?.stages[id]?.status === 'running';
    return attempt !== undefined && (isRunning || (attempt.heldUntil ?? 0) > now) ? [attempt] : [];
  });
  const [only, ...more] = open;
  if (only === undefined) {
    const message = `no stage of run #${run.number} runs steps now, and nothing of it is kept: \`sluice rerun --failed --debug ${run.number}\` keeps what fails`;
    throw new ApiError(message, 'not-open', null);
  }
  if (more.length > 0) {
    const names = open.map((attempt) => attempt.stage).join(', ');
    throw new ApiError(`name the stage: a shell can be opened in ${names}`, 'ambiguous', null);
  }
  return only;
}

function connect(api: ApiClient, attemptId: string, { input, output }: PersonTerminal): Promise<ShellEnd> {
  const size = `cols=${output.columns ?? 80}&rows=${output.rows ?? 24}`;
  const socket = new WebSocket(`${api.url.replace(/^http/, 'ws')}/shell/${attemptId}?${size}`, {
    headers: { authorization: `Bearer ${api.token}` },
  });
  const tell = (request: ShellRequest): void => socket.send(JSON.stringify(request));
  const resize = (): void => tell({ kind: 'resize', cols: output.columns, rows: output.rows });
  let end: ShellEnd | null = null;
  return new Promise((resolve, reject) => {
    const begin = (): void => {
      if (input.isTTY) input.setRawMode(true);
      output.on('resize', resize);
      input.on('data', (typed: Buffer) => socket.send(typed, { binary: true }));
      input.on(
        'end',
        () => socket.readyState === socket.OPEN && socket.send(Buffer.from([4]), { binary: true }),
      );
    };
    socket.on('error', (cause) =>
      reject(new ApiError(`no shell: ${cause.message}`, 'server-unreachable', null, { cause })),
    );
    socket.on('message', (data: Buffer, isBinary) => {
      if (isBinary) {
        output.write(data);
        return;
      }
      const news = shellNews.parse(JSON.parse(data.toString()));
      if (news.kind === 'opened') begin();
      else end = news;
    });
    socket.on('close', () => {
      if (input.isTTY) input.setRawMode(false);
      output.off('resize', resize);
      input.pause();
      resolve(end ?? { kind: 'ended', reason: 'failed', message: 'the connection was cut', exitCode: null });
    });
  });
}
