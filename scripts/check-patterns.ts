// Finds regular expressions that can take time by the square of a text, or worse: most texts here are strangers'.
// Exits 1 with each that is not known to meet short texts only.
import { readdirSync, readFileSync } from 'node:fs';
import { analyse } from 'scslre';
import ts from 'typescript';

const houses = ['pipelines', 'server', 'worker', 'web', 'cli'];
const fewestPatterns = 400;

/** What meets short texts only, or never fails after its long part. */
const isHarmless: Readonly<Record<string, string>> = {
  'pipelines/src/convert/durations.ts': 'at most 60 characters',
  'pipelines/src/convert/woodpecker-stages.ts': 'matches at the first slash, whatever follows',
  'pipelines/src/language/read-units.ts': 'at most 40 characters',
  'pipelines/src/rollout/figures.ts': 'a number',
  'server/src/config.ts': 'what the operator has configured',
  'worker/src/build/image-names.ts': 'names of stages and branches',
  'worker/src/logs/secret-forms.ts': 'the end of base64, which has two of them at most',
  'cli/src/lint-command.ts': 'a line of our own',
};

let patterns = 0;
const used = new Set<string>();
for (const file of houses.flatMap((house) => sourcesIn(`${house}/src`))) {
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true);
  visit(source, file, source);
}
for (const file of Object.keys(isHarmless)) {
  if (!used.has(file)) fail(`${file} has no slow pattern any more: remove it from ${import.meta.filename}`);
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
  used.add(file);
  if (Object.hasOwn(isHarmless, file)) return;
  const { line } = source.getLineAndCharacterOfPosition(node.getStart(source));
  for (const report of reports) {
    const speed = 'exponential' in report && report.exponential ? 'exponential' : 'quadratic';
    fail(
      `${file}:${line + 1}: ${node.text} takes ${speed} time on many of ${report.character.literal.source}`,
    );
  }
}

function fail(message: string): void {
  console.error(message);
  process.exitCode = 1;
}
