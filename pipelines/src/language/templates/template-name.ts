// What `use` names: a file of this repository, or one of another repository at a tag, a branch or a commit.
import { globProblem } from '../../trigger/match-glob.ts';
import { err, ok, type Result } from '../../result.ts';
import { normalisePath, pathProblem } from '../read-path.ts';
import type { TemplateName, TemplatePlace } from './template-definition.ts';

const example = 'org/templates/node-ci.yml@v3 or ./templates/node-ci.yml';

/** The error goes on after the name of the key: `must …`. */
export function readTemplateName(written: string, place: TemplatePlace): Result<TemplateName, string> {
  if (written.includes('${{'))
    return err(`is fixed, because it decides which stages there are. Write ${example}.`);
  if (/^[a-z]+:\/\/|^git@/i.test(written))
    return err(`names a repository as this server does, not by its address. Write ${example}.`);
  return written.startsWith('.') ? localName(written, place) : remoteName(written);
}

/** Tells a template from every other one of the same plan. */
export const templateKey = (name: TemplateName): string =>
  name.kind === 'local' ? name.path : `${name.address}@${name.ref}`;

function localName(written: string, { file, remote }: TemplatePlace): Result<TemplateName, string> {
  if (written.includes('@'))
    return err(
      'names a file of this repository, which is read at the same commit. Remove the @ and the rest.',
    );
  const path = file.slice(0, file.lastIndexOf('/') + 1) + written;
  const problem = pathProblem(path) ?? fileProblem(path);
  if (problem !== null) return err(problem);
  const normal = normalisePath(path);
  return ok(
    remote === null
      ? { kind: 'local', path: normal }
      : { kind: 'remote', address: `${remote.repository}/${normal}`, ref: remote.commit },
  );
}

function remoteName(written: string): Result<TemplateName, string> {
  const at = written.indexOf('@');
  if (at === -1) {
    const local = /^[^/]+\.ya?ml$|^[^/]+\/[^/]+\.ya?ml$/.test(written);
    return err(
      local
        ? `needs ./ before a file of this repository: ./${written}. One of another repository is ${example}.`
        : `must say which version is meant: a tag, a commit or a branch behind @, such as ${written}@v3.`,
    );
  }
  const [address, ref] = [written.slice(0, at), written.slice(at + 1)];
  const parts = address.split('/');
  if (parts.length < 3 || parts.some((part) => !/^[\w.-]+( [\w.-]+)*$/.test(part) || part.startsWith('-')))
    return err(`must be owner/repository/path/of/file.yml@version, not "${written}". Write ${example}.`);
  const problem = pathProblem(address) ?? fileProblem(address);
  if (problem !== null) return err(problem);
  if (parts.includes('..') || parts.includes('.')) return err(`holds "." or "..". Write ${example}.`);
  const bad = refProblem(ref);
  return bad === null ? ok({ kind: 'remote', address, ref }) : err(bad);
}

function fileProblem(path: string): string | null {
  if (!/\.ya?ml$/.test(path)) return `does not end in .yml: "${path}". Name the file of the template.`;
  const fault = /[*?[\]{}()!]/.test(path) ? (globProblem(path) ?? 'is a pattern') : null;
  return fault === null ? null : `is a pattern: "${path}". Name one file.`;
}

/** Git's own rules for names, and what it would take for something else. */
function refProblem(ref: string): string | null {
  const isGood =
    ref.length <= 200 && /^[\w][\w./+-]*$/.test(ref) && !/\.\.|\/\/|\/\.|@\{|\.lock(\/|$)|[/.]$/.test(ref);
  if (isGood) return null;
  return ref === ''
    ? 'says no version behind @. Write a tag, a commit or a branch, such as @v3.'
    : `names the version "${ref.slice(0, 60)}", which is no name of a tag, a commit or a branch. Write one, such as @v3.`;
}
