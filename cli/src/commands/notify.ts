// `sluice notify`: run by a bare repository's post-receive hook, with git's lines `<old> <new> <ref>` on standard
// input. Tells the server of every push as a signed generic delivery; docs/webhooks.md has its form.
import { execFileSync } from 'node:child_process';
import { createHmac, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';

export interface NotifyOptions {
  readonly url: string;
  readonly repository: string;
  readonly secretFile: string;
}

const nothing = /^0+$/;

export async function notify(options: NotifyOptions, input: string, cwd: string): Promise<void> {
  const secret = readFileSync(options.secretFile, 'utf8').trim();
  for (const line of input.split('\n')) {
    const [before = '', after = '', ref = ''] = line.trim().split(' ');
    if (ref === '' || nothing.test(after)) continue;
    const body = JSON.stringify(delivery(options.repository, before, after, ref, cwd));
    await post(options.url, secret, body);
  }
}

function delivery(repository: string, before: string, after: string, ref: string, cwd: string) {
  const [author = '', message = ''] = git(cwd, 'log', '-1', '--format=%an%x00%B', after).split('\0');
  const name = ref.replace(/^refs\/(heads|tags)\//, '');
  const commit = { sha: after, message: message.trim(), author };
  if (ref.startsWith('refs/tags/')) return { event: 'tag', repository, tag: name, actor: author, commit };
  const changedFiles = nothing.test(before)
    ? null
    : git(cwd, 'diff', '--name-only', '-z', before, after).split('\0').filter(Boolean);
  return { event: 'push', repository, branch: name, actor: author, commit, changedFiles };
}

async function post(url: string, secret: string, body: string): Promise<void> {
  const signature = createHmac('sha256', secret).update(body).digest('hex');
  const answer = await fetch(`${url}/webhooks/generic`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-sluice-delivery': randomUUID(),
      'x-sluice-signature-256': `sha256=${signature}`,
    },
    body,
    signal: AbortSignal.timeout(30_000),
  });
  if (!answer.ok)
    throw new Error(`the server at ${url} refused the delivery: ${answer.status} ${await answer.text()}`);
}

const git = (cwd: string, ...args: string[]): string => execFileSync('git', args, { cwd, encoding: 'utf8' });
