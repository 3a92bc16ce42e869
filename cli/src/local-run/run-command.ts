// `sluice run`: a pipeline on this machine, by the code of server and worker, with neither of them.
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { PipelineDefinition } from '@sluice/pipelines/language/definition';
import type { LocalPlace } from '@sluice/pipelines/plan/fit-plan';
import { err } from '@sluice/pipelines/result';
import type { RunStatus } from '@sluice/pipelines/run/run-state';
import { connectDocker } from '@sluice/worker/executors/docker/docker-connection';
import { findTrivy } from '@sluice/worker/scan/find-trivy';
import { printDiagnostics } from '../lint-command.ts';
import { readOnePipeline } from '../read-pipelines.ts';
import type { Terminal } from '../terminal.ts';
import { askApproval } from './ask-approval.ts';
import { clearDeadRuns } from './clear-dead-runs.ts';
import { findDockerHost } from './find-docker.ts';
import { readLastRun } from './last-run.ts';
import { openLocalStore } from './local-store.ts';
import { openLogBook } from './log-book.ts';
import { needsDocker, prepareRun, type PreparedRun } from './prepare-run.ts';
import { projectFolder } from './project-folder.ts';
import { folderOf, readCheckout } from './read-checkout.ts';
import { readOptions, type RunFlags, type RunOptions } from './read-options.ts';
import { runHere } from './run-here.ts';
import { openMachine, reachDocker } from './run-machine.ts';
import type { RunTerminal } from './run-terminal.ts';
import { stopsOf } from './stops.ts';
import { endOfRun } from './view/end-of-run.ts';
import { jsonView } from './view/json-view.ts';
import { liveView } from './view/live-view.ts';
import { plainView } from './view/plain-view.ts';
import type { RunPicture } from './view/run-picture.ts';
import type { RunView } from './view/run-view.ts';
import { listWorkingTree } from './working-tree.ts';

/** The file, an option or this machine is not fit: nothing was begun. */
const notBegun = 2;

/** Gives the exit code: 0 succeeded, 1 failed, 2 nothing was begun because something is to be mended, 130 interrupted. */
export async function runCommand(
  file: string | undefined,
  flags: RunFlags,
  io: RunTerminal,
): Promise<number> {
  const refuse = (...lines: readonly string[]): number => {
    io.say(lines.map((line) => `${line}\n`).join(''));
    return notBegun;
  };
  const read = readOptions(file, flags, io.env);
  if (!read.ok) return refuse(read.error);
  const options = read.value;
  const toErrors: Terminal = { ...io, write: io.say };
  const pipeline = await readOnePipeline(options.file, toErrors);
  if (pipeline === null) return notBegun;
  const { file: path, definition, diagnostics } = pipeline;
  printDiagnostics(diagnostics, toErrors);
  if (definition === null) return notBegun;

  const root = await folderOf(path, io.cwd);
  const folder = projectFolder(root, io.env, homedir());
  const [facts, last, place] = await Promise.all([
    readCheckout(root),
    readLastRun(folder),
    placeOf(definition, options, io),
  ]);
  const prepared = prepareRun(definition, options, facts, place, last, Date.now());
  if (!prepared.ok) return refuse(...prepared.error);
  if (prepared.value.kind === 'filtered') {
    io.say(prepared.value.lines.map((line) => `${line}\n`).join(''));
    return 0;
  }
  return carryOut({ prepared: prepared.value.run, options, root, folder, last }, io, refuse);
}

interface Begin {
  readonly prepared: PreparedRun;
  readonly options: RunOptions;
  /** Whose files the stages get. */
  readonly root: string;
  readonly folder: string;
  readonly last: Awaited<ReturnType<typeof readLastRun>>;
}

async function carryOut(
  { prepared, options, root, folder, last }: Begin,
  io: RunTerminal,
  refuse: (...lines: readonly string[]) => number,
): Promise<number> {
  const dockerHost = findDockerHost(io.env);
  const isDockerNeeded = needsDocker(prepared.plan);
  const docker = connectDocker(dockerHost);
  if (isDockerNeeded) {
    const reached = await reachDocker(docker, dockerHost);
    if (!reached.ok) return refuse(reached.error);
  }
  const tree = await listWorkingTree(root);
  if (!tree.ok) return refuse(tree.error);
  await clearDeadRuns(isDockerNeeded ? docker : null, options.executors.process);
  const stops = stopsOf(process);
  const store = await openLocalStore(folder);
  const logs = await openLogBook(join(folder, 'logs'), new Date().toISOString().replaceAll(':', '-'));
  const machine = await openMachine({
    dockerHost,
    allowsProcesses: options.executors.process,
    source: { root, paths: tree.value.paths },
    inPlace: options.inPlace,
    keep: options.keep,
    env: io.env,
  });
  const isLive = options.view === 'live' && io.output.isTTY && io.env['TERM'] !== 'dumb';
  const openView = (picture: () => RunPicture | null): RunView => {
    if (options.view === 'json') return jsonView(io.write);
    if (!isLive) return plainView(io.write, io.colour);
    return liveView(io.write, () => screenOf(io), picture);
  };
  const { secrets, jobs } = options;
  const ended = await runHere({
    prepared,
    secrets,
    jobs,
    machine,
    store,
    logs,
    folder,
    last,
    openView,
    stops,
    ask: (stage, signal) => askApproval(stage, io, Date.now, signal),
    now: Date.now,
  }).finally(stops.close);
  if (options.view !== 'json') {
    const lines = endOfRun(ended, logs, { colour: io.colour, withLogs: isLive });
    io.write(`${lines.join('\n')}\n`);
  }
  if (options.keep) io.say(`workspaces are kept in ${machine.folder}\n`);
  return exitCode(ended.state.status, stops.times());
}

async function placeOf(
  { stages }: PipelineDefinition,
  { executors, view }: RunOptions,
  io: RunTerminal,
): Promise<LocalPlace> {
  // Trivy takes seconds to say what it is.
  const isAsked = stages.some(({ work }) => work.kind === 'scan');
  const trivy = isAsked ? await findTrivy(io.env) : err('');
  const isPerson = io.input.isTTY && io.output.isTTY && view !== 'json';
  return {
    ...executors,
    scanner: trivy.ok ? true : 'Trivy is not installed (https://trivy.dev)',
    person: isPerson ? true : 'nobody sits at a terminal',
  };
}

const screenOf = ({ output, colour }: RunTerminal) => ({
  columns: output.columns,
  rows: output.rows,
  colour,
});

function exitCode(status: RunStatus, stops: number): number {
  if (stops > 0) return 130;
  return status === 'succeeded' ? 0 : 1;
}
