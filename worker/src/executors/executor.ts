// Where the commands of a stage run. One contract for Docker, the worker's host and the fake that tests drive;
// `executor.contract.ts` is the same suite for all of them.
//
//   openWorkspace ─► runStep ─► runStep ─► … ─► dispose
//
// Order: `openWorkspace` once for each attempt, then its steps one after another, then `dispose`, always, also
// after a failure. Different attempts may run at the same time.
// Failure: what goes wrong with the user's image or command is a value. A rejected promise means that we failed
// (engine gone, disk full) and becomes the failure class `infrastructure`.

import type { PodWishes } from '@sluice/pipelines/language/definition';

export interface Executor {
  /**
   * Makes the place in which the steps of one attempt run; `workspace` is the current folder of every step. When it
   * fails, rejects or is aborted, it has removed what it made.
   */
  readonly openWorkspace: (spec: WorkspaceSpec, signal: AbortSignal) => Promise<OpenedWorkspace>;
  /**
   * Takes up what a dead process of this worker opened with the same `workspace` and `scratch`. `runStep` then follows
   * the step that was under way (known by its index and try) from its first byte instead of starting it again. Null: this
   * executor's workspaces end with their worker. When it is gone, what was left of it has been removed.
   */
  readonly adoptWorkspace: ((spec: WorkspaceSpec, signal: AbortSignal) => Promise<AdoptedWorkspace>) | null;
}

export interface WorkspaceSpec {
  /** Null: no image, the worker's host itself. */
  readonly image: string | null;
  /** Absolute path on this host of the folder that the steps share; it exists. */
  readonly workspace: string;
  /**
   * Resolves when what the steps start with, such as the checkout, is in `workspace`: opening need not wait for it
   * unless it copies the folder. Never rejects. `runStep` is not called before.
   */
  readonly filled: Promise<unknown>;
  /** Absolute path on this host of a folder for the executor's own files; nothing in it is of use afterwards. */
  readonly scratch: string;
  /** Everything made on an engine carries these. */
  readonly labels: Readonly<Record<string, string>>;
  readonly network: boolean;
  readonly resources: {
    readonly cpu: number | null;
    readonly memoryBytes: number | null;
    /** Processes and threads at the same time; null: the executor's own limit. */
    readonly pids: number | null;
  };
  /**
   * Folders below the steps' home, such as `.npm`, that are `home/.npm` in `scratch` on this host; they exist when
   * `filled` has resolved. Absent: none. An executor whose steps do not run on this host copies them.
   */
  readonly homeFolders?: readonly string[];
  /** Started beside the steps and removed with them. `openWorkspace` resolves when all of them are ready. */
  readonly services: readonly ServiceSpec[];
  /** `name`, `uid` or `uid:gid` that the steps run as; null: root of the container. */
  readonly user: string | null;
  /** True: only the workspace and /tmp can be written. */
  readonly readOnlyRoot: boolean;
  /**
   * Resolves when the server knows of every step that was begun so far. Awaited before the first one by an executor
   * whose workspaces other workers may take up: what the server does not know of has not begun. Absent: nobody will.
   */
  readonly told?: () => Promise<void>;
  /** The stage's whole time, for an engine that must end by itself what outlives every worker. */
  readonly timeoutMs: number;
  /** How long it may be kept after its steps, for a person's shell. Absent: not at all. */
  readonly keptMs?: number;
  /** What the stage asks of its pod, where there is one; null: nothing. */
  readonly pod: PodWishes | null;
  readonly registryCredentials: readonly RegistryLogin[];
  /** What takes time before the first step, such as the progress of a pull: a line each. */
  readonly onProgress: (line: string) => void;
}

/** Another container, which the steps reach by its name. */
export interface ServiceSpec {
  readonly name: string;
  readonly image: string;
  readonly env: Readonly<Record<string, string>>;
  /** A shell command, run inside the service until it exits with 0. Null: ready as soon as it runs. */
  readonly ready: string | null;
  readonly readyTimeoutMs: number;
  /** What the image runs, instead of its own default; null: that. */
  readonly command: readonly string[] | null;
}

export interface RegistryLogin {
  readonly host: string;
  readonly username: string;
  readonly password: string;
}

export type OpenedWorkspace =
  | { readonly kind: 'opened'; readonly session: ExecutorSession }
  /**
   * `image-pull`: the registry did not give the image. `refused`: this worker may not or cannot do what was asked.
   * `service`: a service ended or did not get ready; its last lines are in the message. `out-of-memory`: its limit is
   * too small even to begin. `cluster`: what runs it has no room, or does not take it: not the author's to mend.
   */
  | {
      readonly kind: 'failed';
      readonly reason: 'image-pull' | 'refused' | 'service' | 'out-of-memory' | 'cluster';
      readonly message: string;
    };

export type AdoptedWorkspace =
  | { readonly kind: 'adopted'; readonly session: ExecutorSession }
  /** No step was ever started in it: opening it anew repeats nothing. */
  | { readonly kind: 'never-used' }
  /** There is nothing of it: it was never made, or is gone. Whether steps were begun in it the server knows. */
  | { readonly kind: 'missing'; readonly message: string }
  | { readonly kind: 'gone'; readonly message: string };

/** Thrown by `runStep` when what the steps run in has ended with the step and by no fault of it; the message says why. */
export class WorkspaceLostError extends Error {
  override readonly name = 'WorkspaceLostError';
}

/** Thrown by `runStep` of an adopted workspace when nobody can know whether the step has begun. */
export class StepLostError extends Error {
  override readonly name = 'StepLostError';
}

export interface ExecutorSession {
  /**
   * Runs one command, with an empty input, to its end. Resolves when its process has ended and all that it wrote was
   * passed on. When `signal` aborts, every process of the step gets SIGTERM, after `graceMs` SIGKILL, and then it
   * resolves with `stopped`. Never called again before it has settled. Background processes that a step leaves are
   * ended with it, or else at `dispose`.
   */
  readonly runStep: (command: StepCommand, output: StepOutput, signal: AbortSignal) => Promise<StepEnd>;
  /**
   * For a person's terminal beside the steps, in the same place, under the same limits and with no right more. It may be
   * killed at the end of a step with everything else that the step left. Absent: this executor has none.
   */
  readonly shellDoor?: ShellDoor;
  /** Brings a file that steps wrote into `spec.workspace`, where it is not there already. A missing file is no error. */
  readonly fetchFile: (path: string) => Promise<void>;
  /** How the services beside the steps are now, in their order; none where there are none. Asked when steps failed. */
  readonly describeServices: () => Promise<readonly ServiceReport[]>;
  /**
   * Brings what is at a path, a file or a folder with everything in it, into `spec.workspace`, and makes it readable for
   * this process. `.` is all of the workspace. A missing path is no error.
   */
  readonly fetchTree: (path: string) => Promise<void>;
  /**
   * Brings what is at a path below the steps' home into `home` in `spec.scratch`. Absent: `homeFolders` are there
   * already. A missing path is no error.
   */
  readonly fetchFromHome?: (path: string) => Promise<void>;
  /**
   * Ends every process and removes everything that carries the labels. Idempotent. Called while a step runs, it ends
   * that too; `runStep` then settles soon, with any result.
   */
  readonly dispose: () => Promise<void>;
  /**
   * Instead of `dispose`, also while a step runs: lets go of everything as it is, for another worker that has taken the
   * attempt over. Null: nobody else could.
   */
  readonly release: (() => Promise<void>) | null;
}

export type ShellDoor =
  | { readonly kind: 'open'; readonly open: (spec: ShellSpec) => Promise<ShellProcess> }
  /** `why`: a sentence for people. */
  | { readonly kind: 'shut'; readonly why: string };

export interface ShellSpec {
  /** Beside what the image or the host needs to work. */
  readonly env: Readonly<Record<string, string>>;
  readonly cols: number;
  readonly rows: number;
}

export interface ShellProcess {
  /** What the terminal shows; ends with the shell. */
  readonly output: AsyncIterable<Buffer>;
  /** What is typed. */
  readonly write: (bytes: Uint8Array) => void;
  readonly resize: (cols: number, rows: number) => Promise<void>;
  /** After the output's end; null where it cannot be known. */
  readonly exitCode: () => Promise<number | null>;
  /** Ends the shell and what was started from it. Idempotent; never rejects. */
  readonly close: () => Promise<void>;
}

export interface ServiceReport {
  readonly name: string;
  /** For people: `exited with code 1`; null: it runs. */
  readonly end: string | null;
  /** The last of what it wrote, at most 100. */
  readonly lastLines: readonly string[];
}

export interface StepCommand {
  readonly index: number;
  /** Which try of the step this is, from 1. */
  readonly try: number;
  /** Text of a script for `shell -e`. */
  readonly script: string;
  readonly shell: 'sh' | 'bash';
  /** The step's whole environment, beside what the image or the host needs to work (PATH, HOME, LANG). */
  readonly env: Readonly<Record<string, string>>;
  readonly graceMs: number;
}

export interface StepOutput {
  /** In order for each stream. Chunks may end anywhere. */
  readonly write: (stream: 'stdout' | 'stderr', chunk: Uint8Array) => void;
  /** Awaited between chunks: a source faster than its log waits. */
  readonly drained: () => Promise<void>;
}

export type StepEnd =
  | {
      readonly kind: 'exited';
      readonly exitCode: number;
      readonly outOfMemory: boolean;
      /** It failed, and the limit of processes was met while it ran. */
      readonly outOfProcesses: boolean;
    }
  /** Nothing of the step runs any more. */
  | { readonly kind: 'stopped' };
