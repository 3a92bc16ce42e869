import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ExecutorSession, WorkspaceSpec } from '../executor.ts';
import { openPodRig, type PodRig } from './pod-rig.ts';

const hasCluster = process.env['KUBECONFIG'] !== undefined;
const never = new AbortController().signal;
const lines = 3_000;

describe.skipIf(!hasCluster)('an API server that goes away (needs KUBECONFIG)', () => {
  let rig: PodRig;
  let root: string;
  let link: CutLink;
  let spec: WorkspaceSpec;

  beforeAll(async () => {
    rig = await openPodRig();
    link = await openLink(rig.config);
    root = await mkdtemp(join(tmpdir(), 'sluice-away-'));
    for (const name of ['workspace', 'scratch']) await mkdir(join(root, name));
    spec = aSpec(root);
  });
  afterAll(async () => {
    await link.close();
    await rig[Symbol.asyncDispose]();
    await rm(root, { recursive: true, force: true });
  });

  test('the step goes on, and its output is followed at the byte where it was cut', async () => {
    const session = await opened(() => rig.executor({}, link.config).openWorkspace(spec, never));
    const seen = { stdout: '', stderr: '' };
    let cuts = 0;
    const script = `i=0; while [ $i -lt ${lines} ]; do echo "$i"; echo "e$i" >&2; i=$((i+1)); [ $((i%100)) = 0 ] && sleep 0.1; done; exit 4`;
    const end = await session.runStep(
      { index: 0, try: 1, script, shell: 'sh', env: {}, graceMs: 1_000 },
      {
        write: (stream, chunk) => {
          seen[stream] += Buffer.from(chunk).toString();
          if (seen.stdout.split('\n').length > (cuts + 1) * 800 && cuts < 3) {
            cuts += 1;
            link.cut();
            setTimeout(link.mend, 400);
          }
        },
        drained: async () => {},
      },
      never,
    );
    expect(cuts).toBe(3);
    expect(end).toMatchObject({ kind: 'exited', exitCode: 4, outOfMemory: false });
    expect(seen.stdout).toBe(Array.from({ length: lines }, (_, at) => `${at}\n`).join(''));
    expect(seen.stderr).toBe(Array.from({ length: lines }, (_, at) => `e${at}\n`).join(''));
    await session.dispose();
    expect(await rig.countLeft(spec.labels)).toBe(0);
  });
});

async function opened(
  open: () => Promise<{ kind: 'opened'; session: ExecutorSession } | { kind: 'failed'; message: string }>,
): Promise<ExecutorSession> {
  const workspace = await open();
  if (workspace.kind === 'failed') throw new Error(workspace.message);
  return workspace.session;
}

function aSpec(root: string): WorkspaceSpec {
  return {
    image: process.env['TEST_IMAGE'] ?? 'lab/busybox:1',
    workspace: join(root, 'workspace'),
    filled: Promise.resolve(),
    scratch: join(root, 'scratch'),
    labels: { sluice: 'test', 'sluice.attempt': '1', 'sluice.stage': 'away' },
    network: true,
    resources: { cpu: null, memoryBytes: null, pids: null },
    services: [],
    user: null,
    readOnlyRoot: false,
    timeoutMs: 600_000,
    pod: null,
    registryCredentials: [],
    onProgress: () => {},
  };
}

interface CutLink {
  /** Reaches the cluster through the link. */
  readonly config: KubeConfig;
  /** Every connection is cut, and none is taken. */
  readonly cut: () => void;
  readonly mend: () => void;
  readonly close: () => Promise<void>;
}

async function openLink(direct: KubeConfig): Promise<CutLink> {
  const target = new URL(direct.getCurrentCluster()?.server ?? '');
  const sockets = new Set<Socket>();
  let isCut = false;
  const server: Server = createServer((near) => {
    if (isCut) return void near.destroy();
    const far = connect(Number(target.port), target.hostname);
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => {
        sockets.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
    near.pipe(far).pipe(near);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const config = new KubeConfig();
  const text = direct.exportConfig().replaceAll(target.origin, `https://127.0.0.1:${portOf(server)}`);
  config.loadFromString(text);
  return {
    config,
    cut: () => {
      isCut = true;
      for (const socket of sockets) socket.destroy();
    },
    mend: () => {
      isCut = false;
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function portOf(server: Server): number {
  const address: AddressInfo | string | null = server.address();
  if (address === null || typeof address === 'string') throw new Error('the link has no port');
  return address.port;
}
