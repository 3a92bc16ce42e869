// Where the files of a submodule may come from. Whoever writes `.gitmodules` may be a stranger with a branch, and the
// worker has credentials and stands inside a network: so it goes nowhere but to where the repository itself is from.
import { err, ok, type Result } from '@sluice/pipelines/result';

/**
 * The address of a submodule of the repository at `parent` (`https:`, `ssh:` or `file:`), which is on the same host and
 * reached as that one is. The error goes on after the submodule's name.
 */
export function submoduleUrl(written: string, parent: string): Result<string, string> {
  if (/[\s\p{Cc}]/u.test(written) || written === '')
    return err('has an address that is empty or holds blanks.');
  const base = new URL(parent);
  if (/^\.\.?(\/|$)/.test(written)) return besideParent(written, base);
  const other = readAddress(written);
  if (other === null)
    return err(`has the address "${shown(written)}", which is not read. ${useRelative(base)}`);
  if (other.protocol !== 'https:' && other.protocol !== 'ssh:' && other.protocol !== 'http:')
    return err(
      `has the address "${shown(written)}", and ${other.protocol} is not fetched from. ${useRelative(base)}`,
    );
  if (base.protocol === 'file:' || !isSameHost(other, base))
    return err(
      `is on ${other.host}, and submodules are fetched from ${base.host === '' ? 'where the repository is' : base.host} alone, as its credentials are for. Mirror it there, or fetch it in a step.`,
    );
  return ok(at(base, other.pathname));
}

/** `git@host:owner/name.git` is one, too. Null: it is none. */
function readAddress(written: string): URL | null {
  const scp = /^(?:[\w.-]+@)?([\w.-]+):(?!\/)([^:]+)$/.exec(written);
  const text = scp === null || written.includes('://') ? written : `ssh://git@${scp[1]}/${scp[2]}`;
  return URL.canParse(text) ? new URL(text) : null;
}

/** One forge has the same repositories by https and by ssh, each on a port of its own. */
function isSameHost(other: URL, base: URL): boolean {
  if (other.hostname === '' || other.hostname !== base.hostname) return false;
  return other.protocol === base.protocol ? other.port === base.port : other.port === '';
}

/** As Git does it: `../` from the repository itself. */
function besideParent(written: string, base: URL): Result<string, string> {
  const parts = base.pathname.split('/').filter((part) => part !== '');
  for (const part of written.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.pop() === undefined)
      return err(`has the address "${shown(written)}", which leads out of ${base.host || 'the disk'}.`);
  }
  return parts.length === 0
    ? err(`has the address "${shown(written)}", which names no repository.`)
    : ok(at(base, `/${parts.join('/')}`));
}

function at(base: URL, path: string): string {
  const url = new URL(base.href);
  url.pathname = path;
  url.search = '';
  url.hash = '';
  return url.href;
}

const useRelative = ({ protocol }: URL): string =>
  `Write one beside the repository${protocol === 'file:' ? '' : ' on the same host'}, such as ../lib.git.`;

/** Credentials that somebody has written into it stay where they are. */
const shown = (text: string): string => text.slice(0, 200).replaceAll(/\/\/[^/@]*@/g, '//');
