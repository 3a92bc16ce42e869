import { report } from './reading.ts';
import type { Reader } from './fields.ts';
import { readPlainText } from './read-values.ts';

/** A path inside the repository, `/` between its parts, without `.` and `..` left in it. */
export const readRepositoryPath: Reader<string> = (reading, node, name) => {
  const written = readPlainText(reading, node, name);
  const problem = pathProblem(written);
  if (problem !== null) {
    report(
      reading,
      node,
      'path-leaves-repository',
      `${name} ${problem} Write a path inside the repository, such as deploy/app.`,
    );
    return '.';
  }
  return normalisePath(written);
};

/** Why a path, or a pattern of paths, cannot be one inside the repository; null: it can. */
export function pathProblem(path: string): string | null {
  if (path.startsWith('/') || /^[A-Za-z]:/.test(path)) return `is an absolute path, "${path}".`;
  if (path.startsWith('~')) return `begins with ~, "${path}".`;
  if (path.startsWith('-')) return `begins with -, "${path}", which commands take for an option.`;
  if (path.includes('\\')) return `holds a backslash, "${path}". Use / between folders.`;
  if (/\p{Cc}/u.test(path)) return 'holds a control character.';
  let depth = 0;
  for (const part of path.split('/')) {
    if (part === '..') depth -= 1;
    else if (part !== '' && part !== '.') depth += 1;
    if (depth < 0) return `leaves the repository, "${path}".`;
  }
  return null;
}

/** Without `.` and `..`, where `pathProblem` has found nothing. */
export function normalisePath(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return parts.length === 0 ? '.' : parts.join('/');
}
