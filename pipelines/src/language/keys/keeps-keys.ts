// What a stage with steps keeps: artifacts, caches, reports, its own result.
import type { KeyTable } from './key.ts';
import {
  choice,
  condition,
  duration,
  glob,
  map,
  oneOrList,
  plainText,
  stageName,
  template,
} from './shapes.ts';

export const artifactKeys: KeyTable = {
  paths: {
    shape: oneOrList(glob),
    says: 'Patterns of files in the workspace; one that names a folder means all in it. Needed where the stage keeps artifacts.',
  },
  keep: { shape: duration, says: 'How long people and later stages can have them.', fallback: '14d' },
  if: {
    shape: condition,
    says: 'When they are kept, as the `if` of a step.',
    fallback: 'success()',
  },
  from: {
    shape: oneOrList(stageName),
    says: 'Stages whose artifacts are in the workspace before the steps; `[]` for none. Alone, the stage keeps nothing itself.',
    fallback: 'every stage in `needs`',
  },
};

export const cacheKeys: KeyTable = {
  key: {
    shape: template,
    says: "The name of the cache. `${{ hash('package-lock.json') }}` gives another one when the file changes. Saved once, where there is none of that name yet.",
    required: true,
  },
  restore: {
    shape: oneOrList(template),
    says: 'Beginnings of names, tried in order where the key itself has nothing: the newest is taken.',
    fallback: 'none',
  },
  paths: {
    shape: oneOrList(plainText('a folder or file', ['~/.npm', 'node_modules'])),
    says: 'Folders and files in the workspace, or below `~/`. No patterns.',
    required: true,
  },
};

export const reportKeys: KeyTable = {
  junit: { shape: oneOrList(glob), says: 'Test results in JUnit’s XML.' },
  coverage: { shape: oneOrList(glob), says: 'Coverage as Cobertura’s XML or LCOV.' },
};

export const keepsKeys: KeyTable = {
  artifacts: {
    shape: map('artifacts', artifactKeys, {
      atLeastOne: [['paths', 'from']],
      together: { keep: ['paths'], if: ['paths'] },
    }),
    says: 'Files that outlive the stage: for people, and in the workspace of the stages that need it.',
    section: 'artifacts',
  },
  cache: {
    shape: oneOrList(map('a cache', cacheKeys)),
    says: 'Folders that later runs find again, at most 10. A cache only saves time: a stage must also work without it.',
    section: 'cache',
  },
  reports: {
    shape: map('reports', reportKeys, { notEmpty: true }),
    says: 'What test tools leave: shown on the page and compared with the run before.',
    section: 'reports',
  },
  inputs_unchanged: {
    shape: choice(['reuse']),
    says: 'Where these inputs, the stage itself, its secrets and what it needs are as in a run before, it takes over that result instead of running again.',
    section: 'inputs_unchanged',
  },
  inputs: {
    shape: oneOrList(glob),
    says: 'Files that the stage reads, for `inputs_unchanged: reuse`.',
    section: 'inputs',
  },
};
