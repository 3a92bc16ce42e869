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
let isGreen = true;
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
  isGreen &&= vitest.status === 0;
  reports.push(readReport(file));
}
rmSync(folder, { recursive: true, force: true });

const summary = summarise(reports);
if (summary.skipped.length > 0) {
  console.log(`\nSkipped, because an engine is missing (${engines.missing.join('; ') || 'see each'}):`);
  for (const name of summary.skipped) console.log(`  ${name}`);
}
const skipsAreFailures = process.env['CI'] !== undefined && summary.skipped.length > 0;
if (skipsAreFailures) console.log('In CI a skipped test is a failure: install the engine that it needs.');
console.log(`\n${summary.passed} passed, ${summary.failed} failed, ${summary.skipped.length} skipped`);
process.exitCode = isGreen && summary.failed === 0 && summary.passed > 0 && !skipsAreFailures ? 0 : 1;

function readReport(file: string): VitestReport {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as VitestReport;
  } catch {
    console.error('vitest ended without a report: counted as one failure');
    return { testResults: [{ name: 'vitest', status: 'failed', assertionResults: [] }] };
  }
}
