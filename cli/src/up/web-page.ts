// The page is built once from its sources, and again when they are newer than what was built.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Say } from './say.ts';

/** Gives the folder of the built page. */
export function ensureWebPage(root: string, say: Say): string {
  const web = join(root, 'web');
  const built = join(web, 'dist', 'index.html');
  const newest = Math.max(
    ...['src', 'index.html', 'vite.config.ts', 'package.json'].map((name) => newestIn(join(web, name))),
    newestIn(join(root, 'pipelines', 'src')),
  );
  if (existsSync(built) && statSync(built).mtimeMs >= newest) return join(web, 'dist');
  say('building the page');
  const build = spawnSync('npm', ['run', '--silent', 'build', '-w', 'web'], { cwd: root, encoding: 'utf8' });
  if (build.status !== 0) throw new Error(`the page could not be built:\n${build.stdout}${build.stderr}`);
  return join(web, 'dist');
}

function newestIn(path: string): number {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return 0;
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(stat.mtimeMs, ...readdirSync(path).map((name) => newestIn(join(path, name))));
}
