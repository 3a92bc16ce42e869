// `${{ … }}` in values and commands. In a command, only what members of the project decide is pasted; the rest goes through env.
import { escapeTemplate, splitTemplate } from '../language/expression/template.ts';
import type { Span } from '../language/source-file.ts';
import { changed, leftOut, type Conversion } from './conversion.ts';
import { draftMap, draftOf, put, type DraftMap, type DraftValue } from './draft.ts';
import { githubValue, type GithubScope } from './github-expressions.ts';
import { secretName, variableOf } from './names.ts';
import { clean } from './script.ts';

export interface GithubPlace {
  readonly conversion: Conversion;
  readonly scope: GithubScope;
  readonly span: Span;
}

/** The secret that an expression is, or null. */
export function secretIn(expression: string): string | null {
  if (/^github\.token$/i.test(expression.trim())) return 'GITHUB_TOKEN';
  const name =
    /^secrets\.([A-Za-z_][\w-]*)$/.exec(expression.trim())?.[1] ??
    /^secrets\[\s*'([\w-]+)'\s*\]$/.exec(expression.trim())?.[1];
  return name === undefined ? null : secretName(name);
}

/** A value of `env`: text, or a secret by its name; undefined, after a note, where it has no counterpart. */
export function githubEnvValue(place: GithubPlace, name: string, written: string): DraftValue | undefined {
  const only = /^\s*\$\{\{([^]*?)\}\}\s*$/.exec(written)?.[1];
  const secret = only === undefined ? null : secretIn(only);
  if (secret !== null) return draftOf({ secret });
  const text = githubText(place, written);
  if (text === null) return undefined;
  if (text.includes(`\${{ env.${name} }}`)) return undefined;
  return text;
}

/** Text where no shell reads it; null, after a note, where a part of it has no counterpart. */
export function githubText({ conversion, scope, span }: GithubPlace, written: string): string | null {
  const parts = splitTemplate(clean(written));
  if (!parts.ok) return escapeTemplate(clean(written));
  let result = '';
  for (const part of parts.value) {
    if (part.kind === 'text') {
      result += part.text;
      continue;
    }
    const value =
      secretIn(part.text) === null
        ? githubValue(scope, part.text)
        : 'a secret stands in the middle of a text';
    if (typeof value === 'string') {
      leftOut(conversion, span, { what: part.source.slice(0, 80), why: `${value}.` });
      return null;
    }
    result += typeof value.literal === 'string' ? escapeTemplate(value.literal) : `\${{ ${value.cel.text} }}`;
  }
  return result;
}

export interface GithubCommand {
  readonly run: string;
  /** Variables that the command reads instead of pasted text. */
  readonly env: DraftMap;
}

/** A command; nothing in it is pasted that somebody from outside could have written. */
export function githubCommand(place: GithubPlace, written: string): GithubCommand {
  const { conversion, span } = place;
  const env = draftMap();
  const parts = splitTemplate(clean(written));
  if (!parts.ok) return { run: escapeTemplate(clean(written)), env };
  let run = '';
  for (const part of parts.value)
    run += part.kind === 'text' ? part.text : pasted(place, part.text, part.source, env);
  if (env.entries.length > 0) {
    changed(conversion, span, {
      what: env.entries
        .map((entry) => entry.key)
        .join(', ')
        .slice(0, 200),
      why: 'it reaches the command as a variable, so that no text from outside is executed.',
      whatToDo: 'See that it does not stand in single quotes.',
    });
  }
  return { run, env };
}

function pasted(
  { conversion, scope, span }: GithubPlace,
  expression: string,
  source: string,
  env: DraftMap,
): string {
  const secret = secretIn(expression);
  if (secret !== null) return variable(env, variableOf(secret), draftOf({ secret }));
  const own = /^env\.([A-Za-z_]\w*)$/.exec(expression)?.[1];
  if (own !== undefined) return `\${${own}}`;
  const value = githubValue(scope, expression);
  const name = variableOf(
    expression
      .replace(/[^A-Za-z0-9]+/g, '_')
      .replace(/^_|_$/g, '')
      .toUpperCase()
      .slice(0, 60),
  );
  if (typeof value === 'string') {
    leftOut(conversion, span, {
      what: source.slice(0, 80),
      why: `${value}.`,
      whatToDo: `The command reads $${name}, which nothing sets.`,
    });
    return `\${${name}}`;
  }
  if (typeof value.literal === 'string') return escapeTemplate(value.literal);
  return value.isSafe ? `\${{ ${value.cel.text} }}` : variable(env, name, `\${{ ${value.cel.text} }}`);
}

function variable(env: DraftMap, name: string, value: DraftValue): string {
  if (!env.entries.some((entry) => entry.key === name)) put(env, name, value);
  return `\${${name}}`;
}
