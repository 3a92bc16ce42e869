// A base image with Node for the demo: pulled where a public registry can be reached, otherwise made from this
// machine's own Node, the libraries that it loads, and busybox for a shell.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { PassThrough } from 'node:stream';
import type Docker from 'dockerode';
import tar from 'tar-fs';
import { ensureProgram } from './apt.ts';
import type { Say } from './say.ts';

const publicImage = 'node:20-alpine';
const ownImage = 'sluice/node:20';
const pullMs = 60_000;

/** Gives the name of an image that has `node` and `sh`. */
export async function ensureBaseImage(docker: Docker, say: Say): Promise<string> {
  for (const image of [ownImage, publicImage]) if (await exists(docker, image)) return image;
  try {
    await pull(docker, publicImage);
    return publicImage;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    say(`${publicImage} cannot be pulled (${firstLine(why)}); making a base image from this machine's Node`);
  }
  await makeFromThisMachine(docker, say);
  return ownImage;
}

async function exists(docker: Docker, image: string): Promise<boolean> {
  return docker
    .getImage(image)
    .inspect()
    .then(
      () => true,
      () => false,
    );
}

async function pull(docker: Docker, image: string): Promise<void> {
  await followed(docker, await docker.pull(image, { abortSignal: AbortSignal.timeout(pullMs) }));
}

function followed(docker: Docker, progress: NodeJS.ReadableStream): Promise<void> {
  return new Promise((resolve, reject) => {
    docker.modem.followProgress(progress, (error) => (error === null ? resolve() : reject(error)));
  });
}

async function makeFromThisMachine(docker: Docker, say: Say): Promise<void> {
  const busybox = ensureProgram('busybox', 'busybox-static', 'the shell of the base image', say);
  const folder = mkdtempSync(join(tmpdir(), 'sluice-base-'));
  try {
    layOut(folder, busybox);
    const archive = tar.pack(folder).pipe(new PassThrough());
    const options = { repo: 'sluice/node', tag: '20', changes: 'ENV PATH=/bin:/usr/bin' };
    await followed(docker, await docker.importImage(archive, options));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function layOut(folder: string, busybox: string): void {
  for (const name of ['bin', 'tmp', 'etc', 'root', 'var', 'dev', 'proc', 'sys', 'usr/bin']) {
    mkdirSync(join(folder, name), { recursive: true, mode: name === 'tmp' ? 0o1777 : 0o755 });
  }
  const node = realpathSync(process.execPath);
  for (const file of [busybox, node])
    for (const library of [file, ...librariesOf(file)]) copy(folder, library);
  symlinkUnlessSame(folder, node, '/usr/bin/node');
  symlinkUnlessSame(folder, busybox, '/bin/busybox');
  for (const applet of execFileSync(busybox, ['--list'], { encoding: 'utf8' }).split('\n')) {
    if (applet !== '' && applet !== 'busybox') symlinkSync('busybox', join(folder, 'bin', applet));
  }
  writeFileSync(
    join(folder, 'etc/passwd'),
    'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n',
  );
  writeFileSync(join(folder, 'etc/group'), 'root:x:0:\nnogroup:x:65534:\n');
}

/** The shared libraries that a program loads, the loader included; none for a static one. */
function librariesOf(program: string): readonly string[] {
  try {
    const listing = execFileSync('ldd', [program], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    return [...listing.matchAll(/\/[^\s)]+/g)].map(([path]) => path);
  } catch {
    return [];
  }
}

function copy(folder: string, file: string): void {
  mkdirSync(join(folder, dirname(file)), { recursive: true });
  cpSync(realpathSync(file), join(folder, file), { dereference: true });
}

function symlinkUnlessSame(folder: string, target: string, link: string): void {
  if (target !== link) symlinkSync(target, join(folder, link));
}

const firstLine = (text: string): string => text.split('\n')[0] ?? text;
