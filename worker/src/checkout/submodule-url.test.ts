import { expect, test } from 'vitest';
import { submoduleUrl } from './submodule-url.ts';

const parent = 'https://git.example.com/org/shop.git';

test.each([
  ['../lib.git', parent, 'https://git.example.com/org/lib.git'],
  ['../../other/lib', parent, 'https://git.example.com/other/lib'],
  ['./inside.git', parent, 'https://git.example.com/org/shop.git/inside.git'],
  ['https://git.example.com/a/b.git', parent, 'https://git.example.com/a/b.git'],
  ['git@git.example.com:a/b.git', parent, 'https://git.example.com/a/b.git'],
  ['ssh://git@git.example.com/a/b.git', parent, 'https://git.example.com/a/b.git'],
  ['https://git.example.com/a/b', 'ssh://git@git.example.com:2222/x/y', 'ssh://git@git.example.com:2222/a/b'],
  ['https://me:hunter2@git.example.com/a/b', parent, 'https://git.example.com/a/b'],
  ['../lib.git', 'file:///srv/git/shop.git', 'file:///srv/git/lib.git'],
  ['https://git.example.com/a%20b/c?x=1#y', parent, 'https://git.example.com/a%20b/c'],
])('"%s" of %s is fetched from %s', (written, of, expected) => {
  expect(submoduleUrl(written, of)).toEqual({ ok: true, value: expected });
});

test.each([
  [
    'https://evil.example.org/a/b',
    parent,
    /is on evil\.example\.org, and submodules are fetched from git\.example\.com alone/,
  ],
  ['https://git.example.com:8443/a/b', parent, /is on git\.example\.com:8443/],
  ['git@169.254.169.254:latest/meta', parent, /is on 169\.254\.169\.254/],
  ['https://git.example.com@evil.example.org/a', parent, /is on evil\.example\.org/],
  ['file:///etc', parent, /file: is not fetched from/],
  ['file:///etc', 'file:///srv/git/shop.git', /file: is not fetched from/],
  ['https://git.example.com/a', 'file:///srv/git/shop.git', /where the repository is alone/],
  ['ext::sh -c id', parent, /holds blanks/],
  ['ext::sh', parent, /is not read|is not fetched from/],
  ['/srv/git/other.git', parent, /is not read/],
  ['--upload-pack=x', parent, /is not read/],
  ['../../../x', parent, /leads out of git\.example\.com/],
  ['../../../../etc', 'file:///srv/git/shop.git', /leads out of the disk/],
  ['../..', parent, /names no repository/],
  ['', parent, /is empty/],
  ['https://me:hunter2@evil.example.org:x/', parent, /"https:\/\/evil/],
])('"%s" of %s is refused in words', (written, of, why) => {
  const result = submoduleUrl(written, of);
  expect(result.ok ? '' : result.error).toMatch(why);
  expect(JSON.stringify(result)).not.toContain('hunter2');
});
