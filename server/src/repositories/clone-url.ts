import { err, ok, type Result } from '@sluice/pipelines/result';
import { realpath } from 'node:fs/promises';
import { lookup } from 'node:dns/promises';
import { fileURLToPath } from 'node:url';
import path from 'node:path';
import { isPrivateAddress } from './private-address.ts';
import type { RepositoryProblem } from './repository-problem.ts';

/** What an operator lets repositories reach beyond the public network. */
export interface CloneRules {
  /** Folders under which `file:` repositories may lie; none: no `file:` repository. */
  readonly fileFolders: readonly string[];
  /** Host names that may be private or loopback addresses; `*`: every one. */
  readonly privateHosts: readonly string[];
}

export interface CloneSource {
  readonly url: string;
  readonly scheme: 'https' | 'ssh' | 'file';
  /** `host:port:address` to hold Git to the address that was checked; null: nothing to hold. */
  readonly pinned: string | null;
}

/**
 * Whether Git may be sent to this address. Names are resolved here and Git is held to the answer, so that a
 * name which changes its mind cannot lead it into the private network.
 */
export async function checkCloneUrl(
  text: string,
  rules: CloneRules,
): Promise<Result<CloneSource, RepositoryProblem>> {
  const address = scpLike(text) ?? text;
  if (!URL.canParse(address)) return refused(`"${text}" is not an address.`);
  const url = new URL(address);
  if (url.password !== '' || (url.username !== '' && url.protocol !== 'ssh:')) {
    return refused('The address holds credentials; give them as "credentials", where they are sealed.');
  }
  switch (url.protocol) {
    case 'file:':
      return checkFile(url, rules);
    case 'https:':
      return checkHost(url, 'https', rules);
    case 'ssh:':
      return checkHost(url, 'ssh', rules);
    default:
      return refused(`"${url.protocol}" is not allowed; use https:, ssh: or file:.`);
  }
}

/** `git@host:owner/name.git` → `ssh://git@host/owner/name.git` */
function scpLike(text: string): string | null {
  const match = /^([\w.-]+)@([\w.-]+):(?!\/\/)([^\s]+)$/.exec(text);
  return match === null ? null : `ssh://${match[1]}@${match[2]}/${match[3]}`;
}

async function checkFile(url: URL, rules: CloneRules): Promise<Result<CloneSource, RepositoryProblem>> {
  const isLocal = url.host === '' && url.search === '' && url.hash === '';
  const folder = isLocal ? await realpath(fileURLToPath(url)).catch(() => null) : null;
  if (folder === null) {
    return refused(`There is no folder for "${url.href}" on this machine.`);
  }
  for (const allowed of rules.fileFolders) {
    const root = await realpath(allowed).catch(() => null);
    if (root !== null && (folder === root || folder.startsWith(root + path.sep))) {
      return ok({ url: url.href, scheme: 'file', pinned: null });
    }
  }
  return refused(
    `"${url.href}" lies outside the folders that SLUICE_FILE_REPOSITORIES names; the operator can add its folder there.`,
  );
}

async function checkHost(
  url: URL,
  scheme: 'https' | 'ssh',
  rules: CloneRules,
): Promise<Result<CloneSource, RepositoryProblem>> {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (host === '' || host.startsWith('-') || url.username.startsWith('-')) {
    return refused(`"${url.href}" has no usable host.`);
  }
  if (rules.privateHosts.includes('*') || rules.privateHosts.includes(host)) {
    return ok({ url: url.href, scheme, pinned: null });
  }
  const addresses = await lookup(host, { all: true }).catch(() => []);
  const [first] = addresses;
  if (first === undefined) {
    return err({
      reason: 'repository-unreachable',
      message: `The name "${host}" cannot be resolved. Check the repository's address and this server's DNS.`,
      isTemporary: true,
    });
  }
  if (addresses.some(({ address }) => isPrivateAddress(address))) {
    return refused(
      `"${host}" is an address of the private network; the operator can allow it by SLUICE_ALLOW_PRIVATE_HOSTS=${host}.`,
    );
  }
  const port = url.port === '' ? '443' : url.port;
  return ok({
    url: url.href,
    scheme,
    pinned: scheme === 'https' ? `${host}:${port}:${first.address}` : null,
  });
}

const refused = (message: string): Result<never, RepositoryProblem> =>
  err({ reason: 'clone-url-refused', message, isTemporary: false });
