// Who may import whom: docs/architecture.md. `scripts/check-borders.ts` runs this and asserts that it read modules.
const house = (name) => `^${name}/src/`;

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'pipelines-imports-nothing-of-ours',
      severity: 'error',
      from: { path: house('pipelines') },
      to: { path: '^(server|worker|web|cli|test)/' },
    },
    {
      name: 'pipelines-is-pure',
      comment: 'No I/O: nothing of Node itself.',
      severity: 'error',
      from: { path: house('pipelines'), pathNot: '\\.(test|fixture)\\.ts$' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'pipelines-uses-its-parsers-only',
      severity: 'error',
      from: { path: house('pipelines'), pathNot: '\\.(test|fixture)\\.ts$' },
      to: {
        path: 'node_modules',
        pathNot: 'node_modules/(yaml|zod|@bufbuild|picomatch|@types/picomatch|fast-xml-parser)/',
      },
    },
    {
      name: 'server-and-worker-never-meet',
      severity: 'error',
      from: { path: house('server') },
      to: { path: '^(worker|web|cli)/' },
    },
    {
      name: 'worker-and-server-never-meet',
      severity: 'error',
      from: { path: house('worker') },
      to: { path: '^(server|web|cli)/' },
    },
    {
      name: 'web-knows-pipelines-only',
      severity: 'error',
      from: { path: house('web') },
      to: { path: '^(server|worker|cli)/' },
    },
    {
      name: 'only-the-store-knows-the-database',
      severity: 'error',
      from: { path: '^(?!server/src/(store|embedded)/|test/)' },
      to: { path: 'node_modules/(pg|@types/pg)/' },
    },
    { name: 'not-found', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(dist|coverage)/' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.tsx', '.mjs', '.js', '.json'],
    },
  },
};
