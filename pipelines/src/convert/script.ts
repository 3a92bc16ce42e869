// Commands of another system → steps of ours.
import { escapeTemplate } from '../language/expression/template.ts';
import type { Span } from '../language/source-file.ts';
import { draftList, draftOf, type DraftItem, type DraftValue } from './draft.ts';
import { trimEnd } from '../trim-end.ts';

export interface Command {
  readonly text: string;
  readonly from: Span;
}

/** Commands whose effect the next one needs, so that they may not be steps of their own. */
const keepsState =
  /(^|[;&|{(])[ \t]*(cd|pushd|popd|export|source|set|shopt|alias|unset|trap|eval|\.|umask|declare|local|function|exec|ulimit|read|conda|nvm|sdk|pyenv|workon|module)(\s|$)|(^|[;&])[ \t]*[A-Za-z_]\w*(\[[^\]\n]*\])?\+?=|^[ \t]*[\w-]+[ \t]*\(\)|(^|\s|;)(if|then|else|elif|fi|for|while|until|do|done|case|esac)(\s|;|$)|\\$|(^|[^<])<<[-~]?\s*['"]?\w|[{}]\s*$|activate/m;

/** One step a command where they do not depend on each other's shell; else one step for all of them. */
export function stepsOf(commands: readonly Command[]): DraftItem[] {
  const said = commands.filter((command) => command.text.trim() !== '');
  const isJoined =
    said.length > 1 &&
    said.some((command) => keepsState.test(command.text) || command.text.trim().startsWith('#'));
  if (!isJoined) return said.map(({ text, from }) => item(runOf(text), from));
  const [first] = said;
  const text = said.map((command) => command.text.trimEnd()).join('\n');
  return first === undefined ? [] : [item(runOf(text), first.from)];
}

/** The words of the shell stay as they are; what would be an expression of ours is escaped. */
const runOf = (text: string): string => escapeTemplate(clean(text));

/** Without what no shell reads and YAML cannot write plainly. */
export const clean = (text: string): string =>
  trimEnd(
    text
      .replace(/\r\n?/g, '\n')
      .replace(/[^\P{Cc}\n\t]|\p{Cs}/gu, '')
      .split('\n')
      .map((line) => trimEnd(line, ' \t'))
      .join('\n'),
    '\n',
  );

export const item = (value: DraftValue, from: Span | null): DraftItem => ({ value, from, comments: [] });

/** A step with more than a command. */
export const stepOf = (
  keys: Readonly<Record<string, DraftValue | undefined>>,
  from: Span | null,
): DraftItem => item(draftOf(keys, from), from);

export const listOf = (items: readonly DraftItem[]): DraftValue | undefined =>
  items.length === 0 ? undefined : { kind: 'list', items: [...items] };

/** A shell that sh alone is not. */
export const wantsBash = (text: string): boolean =>
  /\[\[|\bpipefail\b|<\(|\bsource\s|\bshopt\b|\bdeclare\b|\$\{\w+(\[|\/|,,|\^\^)|\w=\(|<<</.test(text);

/** Names of variables that a script reads or exports, and does not set itself. */
export function variablesIn(script: string): ReadonlySet<string> {
  const read = new Set<string>();
  for (const [, name = ''] of script.matchAll(/\$\{?([A-Za-z_][A-Za-z0-9_]*)/g)) read.add(name);
  for (const [, names = ''] of script.matchAll(exported))
    for (const name of names.trim().split(/\s+/)) read.add(name);
  for (const [, command = ''] of script.matchAll(assigned))
    for (const [, name = ''] of command.matchAll(/(?<!\w)([A-Za-z_]\w*)\+?=\S*/g)) read.delete(name);
  for (const [, name = ''] of script.matchAll(/\b(?:for|read(?:\s+-\w+)*)\s+([A-Za-z_]\w*)/g))
    read.delete(name);
  return read;
}

/** `export NAME OTHER`: their values are from elsewhere. */
const exported = /(?:^|[;&|])[ \t]*export((?:[ \t]+[A-Za-z_]\w*)+)[ \t]*(?=$|[;&|])/gm;

/** `NAME=value` where a command begins; that of `--build-arg NAME=value` sets nothing. */
const assigned =
  /(?:^|[;&|({`]|\b(?:then|do|else|if|while|until)[ \t])[ \t]*((?:(?:export|local|declare|readonly|typeset)[ \t]+(?:-\w+[ \t]+)*)?(?:[A-Za-z_]\w*\+?=\S*(?!\S)[ \t]*)+)/gm;

/** Variables of every shell, and those that images bring. */
export const shellVariables: ReadonlySet<string> = new Set(
  'HOME PATH PWD OLDPWD USER SHELL HOSTNAME TERM LANG LC_ALL TMPDIR TMP TEMP RANDOM SECONDS LINENO UID EUID PPID IFS OPTARG OPTIND REPLY BASH BASH_SOURCE BASH_VERSION PIPESTATUS FUNCNAME CI GOPATH GOROOT GOBIN GOFLAGS CARGO_HOME RUSTUP_HOME JAVA_HOME NODE_VERSION PYTHON_VERSION VIRTUAL_ENV LD_LIBRARY_PATH PKG_CONFIG_PATH PYTHONPATH XDG_CONFIG_HOME XDG_CACHE_HOME ANDROID_HOME ANDROID_SDK_ROOT GEM_HOME BUNDLE_PATH EDITOR DISPLAY'.split(
    ' ',
  ),
);

export const stepList = (steps: readonly DraftItem[]): DraftValue =>
  steps.length === 0 ? draftList([]) : { kind: 'list', items: [...steps] };
