// A guard as `sluice guard manifests` installs it, but for its pod: a process of this machine with its service account.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CoreV1Api, KubeConfig } from '@kubernetes/client-node';
import { parseAllDocuments } from 'yaml';

const bin = fileURLToPath(new URL('../../cli/bin/sluice.js', import.meta.url));

export interface TestGuard extends AsyncDisposable {
  /** Of who has its rights and no others. */
  readonly kubeconfig: string;
  readonly start: () => void;
  /** Kill -9. */
  readonly kill: () => Promise<void>;
  readonly output: () => string;
}

export async function installGuard(namespace: string, ...routes: readonly string[]): Promise<TestGuard> {
  const manifests = execFileSync(
    process.execPath,
    [bin, 'guard', 'manifests', '--namespace', namespace, '--route', ...routes],
    { encoding: 'utf8' },
  );
  const documents = parseAllDocuments(manifests);
  const ours = documents.filter((each) => each.get('kind') !== 'Deployment');
  execFileSync('kubectl', ['apply', '--filename', '-'], { input: ours.map(String).join('---\n') });
  const folder = mkdtempSync(join(tmpdir(), 'sluice-guard-'));
  const kubeconfig = join(folder, 'kubeconfig');
  writeFileSync(kubeconfig, await kubeconfigOf(namespace, 'sluice-guard'), { mode: 0o600 });
  let child: ChildProcess | null = null;
  let output = '';
  const kill = async (): Promise<void> => {
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  };
  return {
    kubeconfig,
    start: () => {
      child = spawn(process.execPath, [bin, 'guard', '--namespace', namespace], {
        env: { ...process.env, KUBECONFIG: kubeconfig },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      for (const stream of [child.stdout, child.stderr])
        stream?.setEncoding('utf8').on('data', (text: string) => (output += text));
    },
    kill,
    output: () => output,
    [Symbol.asyncDispose]: async () => {
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function kubeconfigOf(namespace: string, name: string): Promise<string> {
  const config = new KubeConfig();
  config.loadFromDefault();
  const { status } = await config.makeApiClient(CoreV1Api).createNamespacedServiceAccountToken({
    name,
    namespace,
    body: { spec: { audiences: [], expirationSeconds: 3_600 } },
  });
  const view = ['config', 'view', '--raw', '--minify', '--flatten', '-o', 'json'];
  const own = JSON.parse(execFileSync('kubectl', view, { encoding: 'utf8' }));
  return JSON.stringify({ ...own, users: [{ ...own.users[0], user: { token: status?.token } }] });
}
