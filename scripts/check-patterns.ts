// Finds regular expressions that can take time by the square of a text, or worse: most texts here are strangers'.
// Exits 1 with those of files that have more of them than are known. It does not see attacks of several characters, such as
// many `${{` without an end: fuzzing does.
import { readdirSync, readFileSync } from 'node:fs';
import { analyse } from 'scslre';
import ts from 'typescript';

const houses = ['pipelines', 'server', 'worker', 'web', 'cli'];
const fewestPatterns = 400;

/** What meets short texts only, or never fails after its long part: how many in a file, and why. */
const harmless: Readonly<Record<string, { readonly count: number; readonly why: string }>> = {
  'pipelines/src/convert/durations.ts': { count: 1, why: 'at most 60 characters' },
  'pipelines/src/convert/woodpecker-stages.ts': { count: 1, why: 'matches at the first slash' },
  'pipelines/src/language/read-units.ts': { count: 1, why: 'at most 40 characters' },
  'pipelines/src/rollout/figures.ts': { count: 2, why: 'a number' },
  'server/src/config.ts': { count: 1, why: 'what the operator has configured' },
  'worker/src/build/image-names.ts': { count: 2, why: 'names of stages and branches' },
  'worker/src/logs/secret-forms.ts': { count: 1, why: 'the end of base64: two of them at most' },
  'cli/src/lint-command.ts': { count: 1, why: 'a line of our own' },
};

let patterns = 0;
const slow = new Map<string, string[]>();
for (const file of houses.flatMap((house) => sourcesIn(`${house}/src`))) {
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true);
  visit(source, file, source);
}
for (const file of new Set([...slow.keys(), ...Object.keys(harmless)])) {
  const found = slow.get(file) ?? [];
  const known = harmless[file]?.count ?? 0;
  if (found.length > known) found.forEach(fail);
  if (found.length < known)
    fail(`${file} has ${found.length} slow patterns and not ${known}: say so in this script`);
}
if (patterns < fewestPatterns)
  fail(`only ${patterns} patterns were read, expected at least ${fewestPatterns}`);
console.log(`patterns: ${patterns} read`);

function sourcesIn(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map((entry) => `${entry.parentPath}/${entry.name}`)
    .filter((path) => !/\.(test|fixture|contract)\.tsx?$|-rig\.ts$/.test(path))
    .toSorted();
}

function visit(node: ts.Node, file: string, source: ts.SourceFile): void {
  if (ts.isRegularExpressionLiteral(node)) check(node, file, source);
  ts.forEachChild(node, (child) => visit(child, file, source));
}

function check(node: ts.RegularExpressionLiteral, file: string, source: ts.SourceFile): void {
  patterns += 1;
  const end = node.text.lastIndexOf('/');
  const { reports } = analyse(
    { source: node.text.slice(1, end), flags: node.text.slice(end + 1) },
    { assumeRejectingSuffix: false },
  );
  if (reports.length === 0) return;
  const { line } = source.getLineAndCharacterOfPosition(node.getStart(source));
  const attacks = reports.map(({ character }) => character.literal.source).join(', ');
  const found = `${file}:${line + 1}: ${node.text} takes time by the square, or worse, on many of ${attacks}`;
  slow.set(file, [...(slow.get(file) ?? []), found]);
}

function fail(message: string): void {
  console.error(message);
  process.exitCode = 1;
}
