// Actions that many workflows use, and what does the same here.
import type { SourceNode } from '../language/source-node.ts';
import { entryOf, textOf } from './conversion.ts';

/** An action that prepares the machine with a tool, which here is an image. */
export interface ToolAction {
  readonly kind: 'tool';
  readonly image: string;
  /** The inputs that may name the version. */
  readonly versions: readonly string[];
  readonly fallback: string;
  readonly suffix?: string;
}

export type KnownAction =
  | ToolAction
  /** Done without a step: the words for the docs. */
  | { readonly kind: 'nothing'; readonly why: string }
  | { readonly kind: 'checkout' | 'cache' | 'upload' | 'download' | 'docker-build' }
  | { readonly kind: 'command'; readonly run: string }
  | {
      readonly kind: 'caches';
      readonly paths: readonly string[];
      readonly files: readonly string[];
      readonly word: string;
    }
  | { readonly kind: 'left-out'; readonly why: string; readonly whatToDo: string };

const tool = (image: string, versions: readonly string[], fallback: string, suffix = ''): ToolAction => ({
  kind: 'tool',
  image,
  versions,
  fallback,
  suffix,
});
const nothing = (why: string): KnownAction => ({ kind: 'nothing', why });
const without = (why: string, whatToDo = ''): KnownAction => ({ kind: 'left-out', why, whatToDo });

export const githubActions: Readonly<Record<string, KnownAction>> = {
  'actions/checkout': { kind: 'checkout' },
  'actions/setup-node': tool('node', ['node-version'], '22'),
  'actions/setup-python': tool('python', ['python-version'], '3'),
  'actions/setup-go': tool('golang', ['go-version'], '1'),
  'actions/setup-java': tool('eclipse-temurin', ['java-version'], '21'),
  'actions/setup-dotnet': tool('mcr.microsoft.com/dotnet/sdk', ['dotnet-version'], '9.0'),
  'ruby/setup-ruby': tool('ruby', ['ruby-version'], '3'),
  'shivammathur/setup-php': tool('php', ['php-version'], '8', '-cli'),
  'dtolnay/rust-toolchain': tool('rust', ['toolchain'], '1'),
  'actions-rs/toolchain': tool('rust', ['toolchain'], '1'),
  'actions-rust-lang/setup-rust-toolchain': tool('rust', ['toolchain'], '1'),
  'oven-sh/setup-bun': tool('oven/bun', ['bun-version'], '1'),
  'denoland/setup-deno': tool('denoland/deno', ['deno-version'], '2.1.4'),
  'erlef/setup-beam': tool('elixir', ['elixir-version'], '1'),
  'hashicorp/setup-terraform': tool('hashicorp/terraform', ['terraform_version'], '1.9'),
  'astral-sh/setup-uv': { kind: 'command', run: 'pip install uv' },
  'pnpm/action-setup': { kind: 'command', run: 'corepack enable' },
  'pre-commit/action': { kind: 'command', run: 'pip install pre-commit && pre-commit run --all-files' },
  'actions/cache': { kind: 'cache' },
  'actions/cache/restore': { kind: 'cache' },
  'actions/cache/save': nothing('a cache is saved after success'),
  'Swatinem/rust-cache': {
    kind: 'caches',
    word: 'cargo',
    paths: ['target', '~/.cargo/registry'],
    files: ['Cargo.lock'],
  },
  'actions/upload-artifact': { kind: 'upload' },
  'actions/download-artifact': { kind: 'download' },
  'docker/setup-buildx-action': nothing('build stages need no engine of their own'),
  'docker/setup-qemu-action': nothing('build stages build for the platform of the worker'),
  'docker/login-action': nothing('the worker has the credentials of registries'),
  'docker/metadata-action': without(
    'tags are written in the push stage.',
    "Write them there, such as '${{ tag }}'.",
  ),
  'docker/build-push-action': { kind: 'docker-build' },
  'codecov/codecov-action': without(
    'coverage is shown by Sluice itself.',
    'Add reports: { coverage: coverage.xml }.',
  ),
  'coverallsapp/github-action': without(
    'coverage is shown by Sluice itself.',
    'Add reports: { coverage: lcov.info }.',
  ),
  'github/codeql-action/init': without('CodeQL runs on the forge.', 'Use a scan stage.'),
  'github/codeql-action/autobuild': without('CodeQL runs on the forge.'),
  'github/codeql-action/analyze': without('CodeQL runs on the forge.'),
  'github/codeql-action/upload-sarif': without('findings are not sent to the forge.'),
  'ossf/scorecard-action': without('it asks the forge about the repository.'),
  'step-security/harden-runner': without(
    'steps are held by the executor.',
    'Use network: false where no network is needed.',
  ),
  'softprops/action-gh-release': without(
    'Sluice makes no releases on the forge.',
    'Call its API, or gh, in a step.',
  ),
  'pypa/gh-action-pypi-publish': without(
    'there is no trusted publishing.',
    'Run twine upload in a step, with a token as a secret.',
  ),
  'peaceiris/actions-gh-pages': without('Sluice serves no pages.', 'Push the branch in a step.'),
  'actions/deploy-pages': without('Sluice serves no pages.'),
  'actions/configure-pages': without('Sluice serves no pages.'),
  'actions/upload-pages-artifact': without('Sluice serves no pages.', 'Keep the folder as artifacts.'),
  'actions/github-script': without('it is a program of the forge.', 'Call its API in a step.'),
  'actions/dependency-review-action': without('it asks the forge.', 'Use a scan stage.'),
};

/** `actions/checkout@v4` → `actions/checkout`; the first two parts count where the whole is not known. */
export function knownAction(uses: string): KnownAction | null {
  const name = uses.split('@')[0] ?? '';
  return Object.hasOwn(githubActions, name) ? (githubActions[name] ?? null) : null;
}

/** The tag of a tool's image: `20.x` → `20`; a version that is written as a range is the fallback. */
export function toolVersion(action: ToolAction, uses: string, inputs: SourceNode | undefined): string {
  const written = action.versions
    .map((name) => textOf(entryOf(inputs, name)?.value))
    .find((each) => each !== null);
  const pinned = /^(dtolnay)\//.test(uses) ? uses.split('@')[1] : undefined;
  return (written ?? pinned ?? action.fallback).trim().split(/[\s\n,]/)[0] ?? action.fallback;
}

export function plainVersion(version: string, fallback: string): string {
  const plain = version.replace(/^[v^~=]+/, '').replace(/(\.[xX*])+$/, '');
  if (/^lts/i.test(plain)) return 'lts';
  if (/^(stable|latest|current|node|\*|x|nightly|beta|master|main)$/i.test(plain))
    return plain === 'nightly' ? 'nightly' : fallback;
  return /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,60}$/.test(plain) ? plain : fallback;
}

/** Caches that the setup actions keep themselves. */
export const toolCaches: Readonly<
  Record<string, { readonly paths: readonly string[]; readonly files: readonly string[] }>
> = {
  npm: { paths: ['~/.npm'], files: ['**/package-lock.json'] },
  yarn: { paths: ['~/.cache/yarn'], files: ['**/yarn.lock'] },
  pnpm: { paths: ['~/.local/share/pnpm'], files: ['**/pnpm-lock.yaml'] },
  pip: { paths: ['~/.cache/pip'], files: ['**/requirements*.txt', '**/pyproject.toml'] },
  poetry: { paths: ['~/.cache/pypoetry'], files: ['**/poetry.lock'] },
  maven: { paths: ['~/.m2/repository'], files: ['**/pom.xml'] },
  gradle: { paths: ['~/.gradle/caches'], files: ['**/*.gradle*'] },
};
