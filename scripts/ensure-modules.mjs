// Runs before `npm start` and `npm test` and needs nothing installed: brings node_modules in line with the lock file.
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`sluice: Node ${process.versions.node} is too old; install Node 20.19 or newer.`);
  process.exit(1);
}
if (!isInstalled()) {
  console.log('sluice: installing node modules (npm ci) …');
  const npm = spawnSync('npm', ['ci', '--engine-strict', '--loglevel=error'], {
    cwd: root,
    stdio: 'inherit',
  });
  if (npm.status !== 0) {
    console.error('sluice: npm ci failed; its message stands above. Mend that and start again.');
    process.exit(npm.status ?? 1);
  }
}

function isInstalled() {
  const marker = `${root}node_modules/.package-lock.json`;
  return existsSync(marker) && statSync(marker).mtimeMs >= statSync(`${root}package-lock.json`).mtimeMs;
}
