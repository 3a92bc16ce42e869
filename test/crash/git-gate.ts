// A `git` that waits before it does anything, for as long as a file exists: it stands before the real one on the PATH of
// one process of the installation.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface GitGate {
  /** A PATH that begins with this git. */
  readonly path: string;
  readonly close: () => void;
  readonly open: () => void;
  /** A git has stood before the closed gate. */
  readonly isReached: () => boolean;
}

export function gitGate(folder: string, name: string): GitGate {
  const home = join(folder, `git-of-${name}`);
  const [closed, reached] = [join(home, 'closed'), join(home, 'reached')];
  const git = execFileSync('which', ['git'], { encoding: 'utf8' }).trim();
  mkdirSync(home, { recursive: true });
  writeFileSync(
    join(home, 'git'),
    `#!/bin/sh
while [ -e ${closed} ]; do : > ${reached}; sleep 0.05; done
exec ${git} "$@"
`,
    { mode: 0o755 },
  );
  return {
    path: `${home}:${process.env['PATH'] ?? '/usr/bin:/bin'}:/usr/sbin:/sbin`,
    close: () => {
      rmSync(reached, { force: true });
      writeFileSync(closed, '');
    },
    open: () => rmSync(closed, { force: true }),
    isReached: () => existsSync(reached),
  };
}
