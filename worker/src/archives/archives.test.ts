import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { chmod, lstat, mkdir, mkdtemp, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { pack, type Header } from 'tar-stream';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { matchesFile } from '@sluice/pipelines/trigger/match-glob';
import { findFiles, type FoundFile } from './find-files.ts';
import { packArchive } from './pack-archive.ts';
import { patternRoots } from './pattern-roots.ts';
import { unpackArchive } from './unpack-archive.ts';

const signal = new AbortController().signal;
let root: string;
let from: string;
let to: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'sluice-archives-'));
  [from, to] = [join(root, 'from'), join(root, 'to')];
  await mkdir(from);
  await mkdir(to);
});
afterEach(() => rm(root, { recursive: true, force: true }));

const put = async (path: string, text: string): Promise<void> => {
  await mkdir(join(from, path, '..'), { recursive: true });
  await writeFile(join(from, path), text);
};
const find = (...patterns: string[]) =>
  findFiles(from, {
    from: patternRoots(patterns),
    isWanted: (path) => matchesFile(patterns, path),
    links: 'inside',
    withFolders: false,
  });
const found = async (...patterns: string[]): Promise<readonly FoundFile[]> => {
  const result = await find(...patterns);
  if (!result.ok) throw new Error(result.error);
  return result.value;
};
const unpack = (archive: string, limits = { bytes: 1_000, files: 10 }) =>
  unpackArchive(archive, { roots: { '': to }, links: 'inside', times: 'new', signal, limits });

test('patterns, folders and single files find what they name, each once, in order', async () => {
  for (const path of ['dist/b.js', 'dist/a/deep.js', 'dist/.hidden', 'report.html', 'src/x.ts']) {
    await put(path, path);
  }
  const paths = (await found('dist/**', 'dist', 'report.html', 'none/**')).map((file) => file.path);
  expect(paths).toEqual(['dist/.hidden', 'dist/a/deep.js', 'dist/b.js', 'report.html']);
});

test('what was packed is unpacked, and equal files make equal bytes whenever they were written', async () => {
  await put('dist/app', 'one');
  await chmod(join(from, 'dist/app'), 0o755);
  await put('dist/empty', '');
  await symlink('app', join(from, 'dist/latest'));
  const archives = [join(root, '1.tar.gz'), join(root, '2.tar.gz')] as const;
  const options = { times: 'fixed', signal } as const;
  await packArchive([{ prefix: '', root: from, files: await found('dist') }], archives[0], options);
  await put('dist/app', 'one');
  await packArchive([{ prefix: '', root: from, files: await found('dist') }], archives[1], options);
  expect(await digest(archives[0])).toBe(await digest(archives[1]));

  expect(await unpack(archives[0])).toEqual({ files: 3, bytes: 3 });
  expect(await readFile(join(to, 'dist/app'), 'utf8')).toBe('one');
  expect((await lstat(join(to, 'dist/app'))).mode & 0o777).toBe(0o755);
  expect(await readlink(join(to, 'dist/latest'))).toBe('app');
});

test('a link out of the workspace is refused, also one on the way to the files', async () => {
  await put('dist/app', 'one');
  await symlink('/etc/passwd', join(from, 'dist/passwd'));
  await symlink('/etc', join(from, 'etc'));
  expect(await find('dist/**')).toMatchObject({ ok: false, error: expect.stringContaining('"/etc/passwd"') });
  expect(await find('etc/passwd')).toMatchObject({
    ok: false,
    error: expect.stringContaining('"etc" is a link'),
  });
});

test.each([
  ['climbs out', { name: '../out' }],
  ['climbs out in the middle', { name: 'a/../../out' }],
  ['is absolute', { name: '/out' }],
  ['is a device', { name: 'null', type: 'character-device' }],
  ['is a hard link', { name: 'hard', type: 'link', linkname: '/etc/passwd' }],
  ['is a link in place of its folder', { name: './', type: 'symlink', linkname: 'etc' }],
  ['is a link out of the folder', { name: 'soft', type: 'symlink', linkname: '../../etc' }],
] as const)('an archive with a name that %s is refused', async (_, header) => {
  await expect(unpack(await anArchive([header]))).rejects.toThrow(
    /leaves its folder|the place of its folder|only files, folders/,
  );
  expect(await lstat(join(root, 'out')).catch(() => null)).toBeNull();
});

test('the folder itself may be among what is unpacked, as tar writes it', async () => {
  expect(
    await unpack(await anArchive([{ name: './', type: 'directory' }, { name: './file' }])),
  ).toMatchObject({
    files: 2,
  });
});

test('nothing is written through a link, of the archive or of the workspace', async () => {
  await symlink(from, join(to, 'there'));
  await expect(unpack(await anArchive([{ name: 'there/file' }]))).rejects.toThrow(/behind a link/);
  await expect(
    unpack(await anArchive([{ name: 'self', type: 'symlink', linkname: 'there' }, { name: 'self/file' }])),
  ).rejects.toThrow(/behind a link/);
  expect(await lstat(join(from, 'file')).catch(() => null)).toBeNull();
});

test('an archive that unpacks to too much ends at the limit', async () => {
  const many = Array.from({ length: 11 }, (_, at) => ({ name: `file-${at}` }));
  await expect(unpack(await anArchive(many))).rejects.toThrow('more than 10 files');
  await expect(unpack(await anArchive([{ name: 'big' }], 'x'.repeat(1_001)))).rejects.toThrow(
    'more than 1000',
  );
});

async function anArchive(
  headers: readonly (Partial<Header> & { readonly name: string })[],
  text = 'x',
): Promise<string> {
  const archive = pack();
  for (const header of headers) {
    if (header.type === undefined) archive.entry({ ...header }, text);
    else archive.entry({ ...header });
  }
  archive.finalize();
  const file = join(root, `made-${headers.length}-${headers[0]?.name.length ?? 0}.tar.gz`);
  await pipeline(archive, createGzip(), createWriteStream(file));
  return file;
}

const digest = async (path: string): Promise<string> =>
  createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
