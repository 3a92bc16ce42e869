// `npm test`: brings up the engines that this machine can carry, runs every test project against them, lists what
// was skipped and why, and ends with one line: `N passed, N failed, N skipped`.
// `npm run test:unit` needs no engine at all.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { prepareEngines } from './engines.ts';
import { summarise, type VitestReport } from './summarise.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const unitOnly = process.argv.includes('--unit');
const engines = unitOnly ? { environment: {}, missing: [] } : prepareEngines(root);
const folder = mkdtempSync(join(tmpdir(), 'sluice-test-'));
const reports: VitestReport[] = [];

for (const project of unitOnly ? ['unit'] : ['unit', 'integration', 'e2e']) {
  console.log(`\n── ${project} ${'─'.repeat(60)}`);
  const file = join(folder, `${project}.json`);
  const vitest = spawnSync(
    process.execPath,
    [
      join(root, 'node_modules/vitest/vitest.mjs'),
      'run',
      '--project',
      project,
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${file}`,
    ],
    { cwd: root, stdio: 'inherit', env: { ...process.env, ...engines.environment } },
  );
  const report = readReport(file);
  const isExplained = vitest.status === 0 || summarise([report]).failed > 0;
  reports.push(report, ...(isExplained ? [] : [brokenReport(`${project}: an error outside of any test`)]));
}
rmSync(folder, { recursive: true, force: true });

const { passed, failed, failures, missing, leftOut } = summarise(reports);
list('Left out by an implementation of a contract, each with its reason:', leftOut);
list(
  `Skipped, because an engine is missing (${engines.missing.join('; ') || 'each test says which'}):`,
  missing,
);
const skipsAreFailures = process.env['CI'] !== undefined && missing.length > 0;
if (skipsAreFailures) console.log('In CI a missing engine is a failure: install what these tests need.');
list('Failed:', failures);
console.log(`\n${passed} passed, ${failed} failed, ${missing.length + leftOut.length} skipped`);
process.exitCode = failed === 0 && passed > 0 && !skipsAreFailures ? 0 : 1;

function list(title: string, names: readonly string[]): void {
  if (names.length > 0) console.log([`\n${title}`, ...names.map((name) => `  ${name}`)].join('\n'));
}

function readReport(file: string): VitestReport {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as VitestReport;
  } catch {
    return brokenReport('vitest ended without a report');
  }
}

/** Counts as one failure. */
function brokenReport(name: string): VitestReport {
  const message = 'see what vitest printed above';
  return { testResults: [{ name, status: 'failed', message, assertionResults: [] }] };
}
