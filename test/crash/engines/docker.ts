// A Docker engine of the matrix's own: own data, own bridge, no rule in the machine's packet filter.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Docker from 'dockerode';
import { processPart, type Part } from './part.ts';

export interface OwnDocker {
  readonly part: Part;
  readonly docker: Docker;
  readonly socket: string;
  /** Address of this machine as containers see it. */
  readonly gateway: string;
  /** Removes what the kernel keeps of it. */
  readonly dispose: () => Promise<void>;
}

export const shellImage = 'crash/busybox:1';

export async function startOwnDocker(folder: string, run: string): Promise<OwnDocker> {
  const { bridge, gateway } = openBridge();
  const socket = join(run, 'engine.sock');
  const docker = new Docker({ socketPath: socket, timeout: 10_000 });
  const part = processPart({
    name: 'docker',
    command: [
      'dockerd',
      '--data-root',
      join(folder, 'docker'),
      '--exec-root',
      join(run, 'exec'),
      '--host',
      `unix://${socket}`,
      '--pidfile',
      join(run, 'docker.pid'),
      '--bridge',
      bridge,
      '--iptables=false',
      '--ip6tables=false',
      '--ip-forward=false',
      '--live-restore',
    ],
    env: {
      ...process.env,
      PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`,
      OTEL_TRACES_EXPORTER: 'none',
    },
    logFile: join(folder, 'log', 'dockerd.log'),
    answers: () =>
      docker.ping().then(
        () => true,
        () => false,
      ),
  });
  const start = async (): Promise<void> => {
    // A killed engine leaves its file; and as any supervisor would, we start one again that ends at its start.
    for (let tries = 1; ; tries += 1) {
      rmSync(join(run, 'docker.pid'), { force: true });
      try {
        return await part.start();
      } catch (error) {
        if (tries === 3) throw error;
      }
    }
  };
  await start();
  await importBusybox(docker);
  return {
    part: { ...part, start },
    docker,
    socket,
    gateway,
    dispose: async () => {
      for (const { Id } of await docker.listContainers({ all: true }).catch(() => []))
        await docker
          .getContainer(Id)
          .remove({ force: true, v: true })
          .catch(() => undefined);
      await part.stop();
      ip('link', 'delete', bridge);
      unmountBelow(folder);
      unmountBelow(run);
    },
  };
}

/** A bridge and a range of addresses that nobody else has: the kernel gives each name once. */
function openBridge(): { readonly bridge: string; readonly gateway: string } {
  for (let number = 0; ; number += 1) {
    const bridge = `crash${number}`;
    const gateway = `10.213.${number}.1`;
    try {
      ip('link', 'add', 'name', bridge, 'type', 'bridge');
    } catch (error) {
      if (number < 255 && String(error).includes('File exists')) continue;
      throw error;
    }
    ip('address', 'add', `${gateway}/24`, 'dev', bridge);
    ip('link', 'set', bridge, 'up');
    return { bridge, gateway };
  }
}

async function importBusybox(docker: Docker): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), 'crash-image-'));
  try {
    for (const name of ['bin', 'tmp', 'etc', 'root', 'var', 'dev', 'proc', 'sys'])
      mkdirSync(join(root, name), { mode: 0o755 });
    const busybox = execFileSync('which', ['busybox'], { encoding: 'utf8' }).trim();
    cpSync(busybox, join(root, 'bin/busybox'), { dereference: true });
    for (const applet of execFileSync(busybox, ['--list'], { encoding: 'utf8' }).split('\n'))
      if (applet !== '' && applet !== 'busybox') symlinkSync('busybox', join(root, 'bin', applet));
    const archive = join(root, '..', `${root.split('/').at(-1)}.tar`);
    execFileSync('tar', ['-C', root, '-cf', archive, '.']);
    const [repo, tag] = shellImage.split(':');
    const stream = await docker.importImage(archive, { repo, tag, changes: 'ENV PATH=/bin' });
    rmSync(archive);
    await new Promise((resolve) => docker.modem.followProgress(stream, resolve));
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

function unmountBelow(folder: string): void {
  const mounts = execFileSync('awk', ['-v', `h=${folder}/`, 'index($2,h)==1{print $2}', '/proc/mounts'], {
    encoding: 'utf8',
  });
  for (const mount of mounts.split('\n').filter(Boolean).toReversed())
    execFileSync('umount', ['-l', mount], { stdio: 'ignore' });
}

function ip(...args: string[]): void {
  execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] });
}
