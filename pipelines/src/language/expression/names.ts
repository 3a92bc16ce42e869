// What an expression may name, and of which type it is. `any`: known only when the value is there.
export type ValueType = 'text' | 'number' | 'boolean' | 'list' | 'map' | 'null' | 'any';

export interface NameDefinition {
  readonly type: ValueType;
  /** The values that can occur; a comparison with another one is a mistake. */
  readonly values?: readonly string[];
  /** Written by whoever opens a pull request or makes a commit: never to be pasted into a command. */
  readonly strangerWritten?: boolean;
}

const eventNames = ['push', 'pull_request', 'tag', 'schedule', 'manual'] as const;
export const stageStatuses = ['succeeded', 'failed', 'cancelled', 'skipped'] as const;

/** Full paths of fixed names. `inputs.*`, `env.*`, `matrix.*` and `stages.*` depend on the file. */
export const fixedNames: ReadonlyMap<string, NameDefinition> = new Map<string, NameDefinition>([
  ['event', { type: 'text', values: eventNames }],
  ['branch', { type: 'text', strangerWritten: true }],
  ['tag', { type: 'text', strangerWritten: true }],
  ['repository', { type: 'text' }],
  ['commit.sha', { type: 'text' }],
  ['commit.short', { type: 'text' }],
  ['commit.message', { type: 'text', strangerWritten: true }],
  ['commit.author', { type: 'text', strangerWritten: true }],
  ['run.id', { type: 'text' }],
  ['run.number', { type: 'number' }],
  ['pull_request.number', { type: 'number' }],
  ['pull_request.title', { type: 'text', strangerWritten: true }],
  ['pull_request.target_branch', { type: 'text' }],
  /** Only in a deployment's metric queries: filled in for each side at measuring time. */
  ['version', { type: 'text' }],
]);

/** Names that stand before a dot. */
export const rootNames: ReadonlySet<string> = new Set([
  ...[...fixedNames.keys()].map((path) => path.split('.')[0] ?? path),
  'inputs',
  'env',
  'matrix',
  'stages',
]);

export interface FunctionDefinition {
  /** Null: called without a value before the dot. */
  readonly target: ValueType | null;
  readonly arguments: readonly ValueType[];
  readonly result: ValueType;
}

/** Functions that ask how the stages (or steps) before ended. */
export const statusFunctions: ReadonlySet<string> = new Set(['success', 'failure', 'always', 'cancelled']);

const status: FunctionDefinition = { target: null, arguments: [], result: 'boolean' };
const question: FunctionDefinition = { target: 'text', arguments: ['text'], result: 'boolean' };
const change: FunctionDefinition = { target: 'text', arguments: [], result: 'text' };

/**
 * Every function is linear in its input and none makes a text longer, so an expression that is bounded in
 * length is bounded in work.
 */
export const functions: ReadonlyMap<string, readonly FunctionDefinition[]> = new Map([
  ['success', [status]],
  ['failure', [status]],
  ['always', [status]],
  ['cancelled', [status]],
  ['matches', [question]],
  ['startsWith', [question]],
  ['endsWith', [question]],
  ['contains', [question]],
  ['lowerAscii', [change]],
  ['upperAscii', [change]],
  ['trim', [change]],
  [
    'size',
    [
      { target: null, arguments: ['any'], result: 'number' },
      { target: 'any', arguments: [], result: 'number' },
    ],
  ],
  ['int', [{ target: null, arguments: ['any'], result: 'number' }]],
  ['double', [{ target: null, arguments: ['any'], result: 'number' }]],
  ['string', [{ target: null, arguments: ['any'], result: 'text' }]],
  /** Known when the repository is checked out: only in the keys of caches, see `cacheKeyParts`. */
  [
    'hash',
    [1, 2, 3, 4, 5].map((count) => ({
      target: null,
      arguments: Array.from({ length: count }, () => 'text' as const),
      result: 'text' as const,
    })),
  ],
  ['bool', [{ target: null, arguments: ['any'], result: 'boolean' }]],
]);

/** Macros that CEL expands while parsing; listed for suggestions. */
export const macros: readonly string[] = ['has', 'all', 'exists', 'exists_one', 'map', 'filter'];
