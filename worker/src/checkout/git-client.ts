import { simpleGit, type SimpleGit } from 'simple-git';
import type { CheckoutSpec } from '@sluice/pipelines/protocol/worker-api';

/**
 * Git in `folder` that never asks, runs no hook, speaks only file, https and ssh, and gets credentials by its
 * environment (`extra` adds to it): nothing of them is in an argument, a file or the repository's configuration.
 */
export function openGit(
  folder: string,
  spec: CheckoutSpec,
  signal: AbortSignal,
  extra: Readonly<Record<string, string>> = {},
): SimpleGit {
  const env = {
    ...inherited(),
    GIT_TERMINAL_PROMPT: '0',
    GIT_ALLOW_PROTOCOL: 'file:https:ssh',
    GIT_SSH_COMMAND: 'ssh -oBatchMode=yes -oStrictHostKeyChecking=accept-new -oConnectTimeout=15',
    ...configuration([
      ['core.hooksPath', '/dev/null'],
      ['gc.auto', '0'],
      ['http.followRedirects', 'false'],
      ...authorization(spec),
    ]),
    ...extra,
  };
  return simpleGit({
    baseDir: folder,
    abort: signal,
    allowEnvironment: Object.keys(env),
    unsafe: {
      allowUnsafeConfigEnvCount: true,
      allowUnsafeConfigPaths: true,
      allowUnsafeSshCommand: true,
      allowUnsafeHooksPath: true,
      allowUnsafeTemplateDir: true,
    },
  }).env(env);
}

/** What the operator may have set for git to reach anything at all. */
function inherited(): Record<string, string> {
  const names = [
    'PATH',
    'HOME',
    'SSH_AUTH_SOCK',
    'HTTPS_PROXY',
    'https_proxy',
    'NO_PROXY',
    'no_proxy',
    'SSL_CERT_FILE',
  ];
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

type Setting = readonly [key: string, value: string];

function configuration(settings: readonly Setting[]): Record<string, string> {
  const pairs = settings.flatMap(([key, value], at) => [
    [`GIT_CONFIG_KEY_${at}`, key],
    [`GIT_CONFIG_VALUE_${at}`, value],
  ]);
  return { GIT_CONFIG_COUNT: String(settings.length), ...Object.fromEntries(pairs) };
}

function authorization({ url, username, password }: CheckoutSpec): readonly Setting[] {
  if (password === null || !url.startsWith('https:')) return [];
  const basic = Buffer.from(`${username ?? 'git'}:${password}`).toString('base64');
  return [[`http.${new URL(url).origin}/.extraHeader`, `Authorization: Basic ${basic}`]];
}
