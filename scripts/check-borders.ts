// Runs dependency-cruiser over every house and fails as well when it read suspiciously little: a cruiser that
// finds no modules finds no violations either.
import { spawnSync } from 'node:child_process';

const houses = ['pipelines', 'server', 'worker', 'web', 'cli'];
const fewestModules = 100;

const cruise = spawnSync(
  'npx',
  [
    '--no-install',
    'depcruise',
    '--output-type',
    'json',
    '--config',
    '.dependency-cruiser.cjs',
    ...houses.map((house) => `${house}/src`),
  ],
  { encoding: 'utf8', maxBuffer: 512 * 1024 * 1024 },
);
if (cruise.stdout.trim() === '') {
  console.error(cruise.stderr);
  process.exit(1);
}
const { modules, summary } = JSON.parse(cruise.stdout) as CruiseResult;
const ours = modules.filter((module) => houses.some((house) => module.source.startsWith(`${house}/src/`)));
for (const { rule, from, to, cycle } of summary.violations) {
  const path = cycle === undefined ? to : cycle.map((each) => each.name).join(' → ');
  console.error(`${rule.name}: ${from} → ${path}`);
}
for (const house of houses) {
  if (!ours.some((module) => module.source.startsWith(`${house}/src/`))) {
    console.error(`no module of ${house}/ was read: the border check is blind there`);
    process.exitCode = 1;
  }
}
if (ours.length < fewestModules) {
  console.error(`only ${ours.length} modules were read, expected at least ${fewestModules}`);
  process.exitCode = 1;
}
if (summary.violations.length > 0) process.exitCode = 1;
console.log(`borders: ${ours.length} modules read, ${summary.violations.length} violations`);

interface CruiseResult {
  readonly modules: readonly { readonly source: string }[];
  readonly summary: {
    readonly violations: readonly {
      readonly rule: { readonly name: string };
      readonly from: string;
      readonly to: string;
      readonly cycle?: readonly { readonly name: string }[];
    }[];
  };
}
