import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { checkKustomization } from './check-kustomization.ts';

let root: string;
beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'sluice-kustomize-')));
});
afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

async function check(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), text);
  }
  await checkKustomization(root, join(root, 'over'));
}

describe('a kustomization', () => {
  test('of files and folders of the repository may be built', async () => {
    await check({
      'over/kustomization.yaml': 'resources: [../base, own.yml]',
      'over/own.yml': 'kind: A',
      'base/Kustomization': 'resources: [../over/own.yml]\ncomponents: [../over]',
    });
  });

  test.each([
    ['https://example.com/a.yml', /over\/kustomization.yaml:1: resources names https:.*Nothing is fetched/],
    ['git::https://example.com/a?ref=v1', /not in the repository/],
    ['github.com/org/base', /does not exist at this commit.*commit it/],
    ['git@example.com:org/base', /does not exist at this commit/],
    ['/etc/hosts', /not in the repository/],
    ['../../outside.yml', /leaves the repository/],
  ])('that takes in %s is refused', async (path, message) => {
    const files = { 'over/kustomization.yaml': `resources: ['${path}']` };
    await expect(check(files)).rejects.toThrow(message);
  });

  test('is refused for what a base of it takes in', async () => {
    const files = {
      'over/kustomization.yaml': 'bases: [../base]',
      'base/kustomization.yml': 'crds: [http://a/b]',
    };
    await expect(check(files)).rejects.toThrow(/base\/kustomization.yml:1: crds names http:/);
  });

  test('is refused where an address is also a folder that the repository has', async () => {
    const files = {
      'over/kustomization.yaml': 'resources: [http://a/b.yml]',
      'over/http:/a/b.yml': 'kind: A',
    };
    await expect(check(files)).rejects.toThrow(/not in the repository/);
  });

  test('is refused with a link that leads out', async () => {
    await mkdir(join(root, 'over'));
    await symlink('/etc/hosts', join(root, 'over', 'a.yml'));
    await expect(check({ 'over/kustomization.yaml': 'resources: [a.yml]' })).rejects.toThrow(
      /leaves the repository/,
    );
  });

  test('without a file of its own is named', async () => {
    const files = { 'over/kustomization.yaml': 'resources: [../base]', 'base/a.yml': 'kind: A' };
    await expect(check(files)).rejects.toThrow(/base: is a folder without a kustomization.yaml/);
  });
});
