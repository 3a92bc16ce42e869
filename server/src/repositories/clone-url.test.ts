import { mkdtemp, mkdir, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { checkCloneUrl } from './clone-url.ts';

const rules = { fileFolders: [], privateHosts: [] };

test.each([
  'https://127.0.0.1/x.git',
  'https://[::1]/x.git',
  'https://localhost/x.git',
  'https://10.1.2.3/x.git',
  'https://169.254.169.254/latest/meta-data',
  'https://[::ffff:127.0.0.1]/x.git',
  'https://2130706433/x.git',
  'ssh://git@192.168.0.1/x.git',
  'git@127.0.0.1:x.git',
])('%s leads into the private network and is refused', async (url) => {
  expect(await checkCloneUrl(url, rules)).toMatchObject({
    error: { reason: 'clone-url-refused', message: expect.stringContaining('SLUICE_ALLOW_PRIVATE_HOSTS') },
  });
});

test('an operator may allow a private host by name', async () => {
  const allowing = { ...rules, privateHosts: ['127.0.0.1'] };
  expect(await checkCloneUrl('https://127.0.0.1:3000/x.git', allowing)).toMatchObject({ ok: true });
  expect(await checkCloneUrl('https://127.0.0.2/x.git', allowing)).toMatchObject({ ok: false });
});

test('a public address is pinned to the address that was checked', async () => {
  expect(await checkCloneUrl('https://192.88.0.1/x.git', rules)).toMatchObject({
    value: { scheme: 'https', pinned: '192.88.0.1:443:192.88.0.1' },
  });
});

test.each([
  'ext::sh -c touch% /tmp/x',
  'http://example.com/x.git',
  'git://example.com/x',
  '--upload-pack=x',
  'ssh://-oProxyCommand=x/y',
  '',
])('%j is refused', async (url) => {
  expect(await checkCloneUrl(url, rules)).toMatchObject({ error: { reason: 'clone-url-refused' } });
});

test('credentials do not belong into the address', async () => {
  expect(await checkCloneUrl('https://ada:secret@192.88.0.1/x.git', rules)).toMatchObject({
    error: { message: expect.not.stringContaining('secret@') },
  });
});

test('a file repository must lie in an allowed folder, links included', async () => {
  const root = await mkdtemp(path.join(tmpdir(), 'sluice-clone-url-'));
  try {
    const inside = path.join(root, 'allowed', 'repo');
    const outside = path.join(root, 'allowed-not', 'repo');
    await mkdir(inside, { recursive: true });
    await mkdir(outside, { recursive: true });
    await symlink(outside, path.join(root, 'allowed', 'link'));
    const check = (folder: string) =>
      checkCloneUrl(pathToFileURL(folder).href, { ...rules, fileFolders: [path.join(root, 'allowed')] });
    expect(await check(inside)).toMatchObject({ ok: true });
    expect(await check(outside)).toMatchObject({ ok: false });
    expect(await check(path.join(root, 'allowed', 'link'))).toMatchObject({ ok: false });
    expect(await check(path.join(root, 'allowed', '..', 'allowed-not', 'repo'))).toMatchObject({ ok: false });
  } finally {
    await rm(root, { recursive: true, force: true });
  }
});
