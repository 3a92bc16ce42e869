// An executor without processes, for tests: the test itself plays each step, so nothing is slept for.
//
//   const fake = createFakeExecutor();
//   const step = await fake.nextStep();
//   step.write('stdout', 'hello\n');
//   step.exit(1);
import type {
  Executor,
  ExecutorSession,
  OpenedWorkspace,
  StepCommand,
  StepEnd,
  WorkspaceSpec,
} from '../executor.ts';

export interface FakeExecutor extends Executor {
  /** The next step that was or will be started, in order. */
  readonly nextStep: () => Promise<FakeStep>;
  readonly opened: readonly WorkspaceSpec[];
  /** Sessions that were opened and not disposed. */
  readonly openSessions: () => number;
}

export interface FakeStep {
  readonly command: StepCommand;
  readonly spec: WorkspaceSpec;
  readonly write: (stream: 'stdout' | 'stderr', text: string) => void;
  readonly exit: (exitCode: number, outOfMemory?: boolean) => void;
  /** Aborts when the step shall stop, which it has then done. */
  readonly signal: AbortSignal;
}

export interface FakeExecutorOptions {
  /** Plays every step instead of `nextStep`. */
  readonly play?: (step: FakeStep) => void;
  /** What opening a workspace ends with, instead of a session. */
  readonly openWith?: () => OpenedWorkspace | Promise<OpenedWorkspace>;
}

export function createFakeExecutor({ play, openWith }: FakeExecutorOptions = {}): FakeExecutor {
  const started: FakeStep[] = [];
  const waiting: ((step: FakeStep) => void)[] = [];
  const opened: WorkspaceSpec[] = [];
  let sessions = 0;

  const hand = (step: FakeStep): void => {
    const waiter = waiting.shift();
    if (play !== undefined) play(step);
    else if (waiter !== undefined) waiter(step);
    else started.push(step);
  };
  return {
    opened,
    openSessions: () => sessions,
    nextStep: () => {
      const step = started.shift();
      return step === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(step);
    },
    openWorkspace: async (spec) => {
      opened.push(spec);
      if (openWith !== undefined) return await openWith();
      sessions += 1;
      const onDispose = (): void => {
        sessions -= 1;
      };
      return { kind: 'opened', session: fakeSession(spec, hand, onDispose) };
    },
    adoptWorkspace: null,
  };
}

function fakeSession(
  spec: WorkspaceSpec,
  hand: (step: FakeStep) => void,
  onDispose: () => void,
): ExecutorSession {
  let isDisposed = false;
  return {
    runStep: (command, output, signal) =>
      new Promise<StepEnd>((resolve) => {
        const stopped = (): void => resolve({ kind: 'stopped' });
        if (signal.aborted) return stopped();
        signal.addEventListener('abort', stopped, { once: true });
        hand({
          command,
          spec,
          signal,
          write: (stream, text) => output.write(stream, Buffer.from(text)),
          exit: (exitCode, outOfMemory = false) => {
            signal.removeEventListener('abort', stopped);
            resolve({ kind: 'exited', exitCode, outOfMemory, outOfProcesses: false });
          },
        });
      }),
    release: null,
    fetchFile: async () => {},
    fetchTree: async () => {},
    describeServices: async () => [],
    dispose: async () => {
      if (!isDisposed) onDispose();
      isDisposed = true;
    },
  };
}
