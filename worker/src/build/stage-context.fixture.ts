// A stage context for tests on a real engine: an installation of its own, folders of its own, everything recorded.
import { ok } from '@sluice/pipelines/result';
import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type Docker from 'dockerode';
import type { StageWork } from '@sluice/pipelines/language/definition';
import type { RegistryCredential } from '@sluice/pipelines/protocol/worker-api';
import type { StageContext } from '../stages/stage-runner.ts';
import { removeRunImages } from './image-reaper.ts';

export interface TestRun extends AsyncDisposable {
  readonly installation: string;
  readonly runId: string;
  readonly workspace: string;
  /** Everything said and written so far. */
  readonly logText: () => string;
  readonly blobs: ReadonlyMap<string, Uint8Array>;
  readonly writeFiles: (files: Readonly<Record<string, string>>) => Promise<void>;
  /** Names and ids of what this run has on the engine. */
  readonly images: () => Promise<readonly string[]>;
  readonly stage: (id: string, work: StageWork, more?: Partial<StageOptions>) => StageContext;
}

interface StageOptions {
  readonly outputs: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly secrets: Readonly<Record<string, string>>;
  readonly registryCredentials: readonly RegistryCredential[];
  readonly signal: AbortSignal;
}

export async function openTestRun(docker: Docker): Promise<TestRun> {
  const installation = `test-${randomUUID().slice(0, 8)}`;
  const runId = randomUUID();
  const folder = await mkdtemp(join(tmpdir(), 'sluice-stage-'));
  const workspace = join(folder, 'workspace');
  await mkdir(workspace);
  await mkdir(join(folder, 'scratch'));
  const words: string[] = [];
  const blobs = new Map<string, Uint8Array>();
  return {
    installation,
    runId,
    workspace,
    blobs,
    logText: () => words.join(''),
    writeFiles: async (files) => {
      for (const [path, text] of Object.entries(files)) {
        await mkdir(dirname(join(workspace, path)), { recursive: true });
        await writeFile(join(workspace, path), text);
      }
    },
    images: async () => {
      const found = await docker.listImages({
        filters: JSON.stringify({ label: [`sluice=${installation}`] }),
      });
      return found.flatMap((image) => image.RepoTags ?? [image.Id]);
    },
    stage: (id, work, more = {}) => ({
      claim: {
        attemptId: randomUUID(),
        runId,
        runNumber: 1,
        project: 'default',
        fence: 1,
        installation,
        attempt: 1,
        stage: {
          id,
          needs: [],
          if: null,
          env: {},
          timeoutMs: 60_000,
          retry: { attempts: 1, delayMs: 0, factor: 1, maxDelayMs: 0, on: [] },
          allowFailure: false,
          work,
          decision: { included: true, reasons: [] },
        },
        env: {},
        secrets: more.secrets ?? {},
        checkout: {
          repositoryId: 'repository',
          url: 'https://someone:password@git.example.com/team/shop.git',
          commit: '0123456789abcdef0123456789abcdef01234567',
          username: null,
          password: null,
        },
        outputs: more.outputs ?? {},
        registryCredentials: more.registryCredentials ?? [],
        stepLogBytes: 1_000_000_000,
      },
      workspace,
      checkOut: () => Promise.resolve(ok(undefined)),
      earlier: null,
      desk: { show: () => {}, keep: async () => false, hide: () => {} },
      keepFailure: async () => {},
      scratch: join(folder, 'scratch'),
      docker,
      labels: {
        sluice: installation,
        'sluice.run': runId,
        'sluice.stage': id,
        'sluice.attempt': '1',
        'sluice.fence': '1',
      },
      log: {
        write: (_stream, chunk) => void words.push(Buffer.from(chunk).toString()),
        say: (line) => void words.push(`${line}\n`),
        stepStarted: () => {},
        stepFinished: () => {},
        drained: () => Promise.resolve(),
      },
      blobs: {
        put: (name, body) => {
          blobs.set(name, body);
          return Promise.resolve({ sha256: '', bytes: body.byteLength });
        },
      },
      now: Date.now,
      kept: async () => {},
      told: async () => {},
      sendReports: () => Promise.resolve(),
      keptFiles: {
        upload: () => Promise.reject(new Error('this stage keeps no files')),
        download: () => Promise.reject(new Error('this stage takes no files')),
        sendReports: () => Promise.resolve(),
        recordArtifact: () => Promise.resolve(),
        findCache: () => Promise.resolve({ found: 'none' }),
        saveCache: () => Promise.resolve('saved'),
      },
      keepOutcome: async () => {},
      signal: more.signal ?? new AbortController().signal,
      forced: new AbortController().signal,
    }),
    [Symbol.asyncDispose]: async () => {
      await removeRunImages(docker, installation, runId);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
