import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, readlink, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { tarFolder } from './write-tar.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'sluice-tar-'));
  for (const name of ['from', 'to']) await mkdir(join(root, name));
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function unpacked(): Promise<string> {
  const tar = await tarFolder(join(root, 'from'));
  const chunks: Buffer[] = [];
  for await (const chunk of tar.chunks()) chunks.push(chunk);
  expect(Buffer.concat(chunks)).toHaveLength(tar.bytes);
  execFileSync('tar', ['-x', '-o', '-f', '-', '-C', join(root, 'to')], { input: Buffer.concat(chunks) });
  return join(root, 'to');
}

test('files, folders, links and modes arrive as they are', async () => {
  const from = join(root, 'from');
  await mkdir(join(from, 'a/empty'), { recursive: true });
  await writeFile(join(from, 'a/run.sh'), 'echo\n', { mode: 0o755 });
  await writeFile(join(from, 'large'), Buffer.alloc(700_001, 'x'));
  await symlink('a/run.sh', join(from, 'link'));
  const to = await unpacked();
  expect((await stat(join(to, 'a/run.sh'))).mode & 0o777).toBe(0o755);
  expect((await readFile(join(to, 'large'))).equals(Buffer.alloc(700_001, 'x'))).toBe(true);
  expect(await readlink(join(to, 'link'))).toBe('a/run.sh');
  expect((await stat(join(to, 'a/empty'))).isDirectory()).toBe(true);
});

test('names of any length and alphabet arrive', async () => {
  const name = `${'深い'.repeat(20)}/${'ordner-ä'.repeat(15)}/${'x'.repeat(180)}`;
  await mkdir(join(root, 'from', name), { recursive: true });
  await writeFile(join(root, 'from', name, 'ende.txt'), 'here');
  await symlink('y'.repeat(300), join(root, 'from', 'long-link'));
  const to = await unpacked();
  expect(await readFile(join(to, name, 'ende.txt'), 'utf8')).toBe('here');
  expect(await readlink(join(to, 'long-link'))).toBe('y'.repeat(300));
});
