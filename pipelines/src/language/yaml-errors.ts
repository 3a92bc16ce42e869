import type { YAMLParseError, YAMLWarning } from 'yaml';
import type { YamlProblem } from './convert-yaml.ts';

/** Says in the words of a pipeline's author what a YAML parser found, and what to do. */
export function explainYamlError(text: string, error: YAMLParseError | YAMLWarning): YamlProblem {
  const [start, end] = error.pos;
  const rest = text.slice(start, endOfLine(text, start));
  const lineStart = text.lastIndexOf('\n', start - 1) + 1;
  const line = text.slice(lineStart, endOfLine(text, lineStart)).trimEnd();
  const indent = /^[ \t]*/.exec(line)?.[0] ?? '';
  const at = (message: string, from = start, to = end): YamlProblem => ({
    start: from,
    end: Math.max(to, from + 1),
    code: 'bad-yaml',
    message,
  });
  if (indent.includes('\t')) {
    return at(
      'A line is indented by a tab, which YAML does not allow. Use spaces.',
      lineStart,
      lineStart + indent.length,
    );
  }
  if (error.code === 'MISSING_CHAR' && holdsBareExpression(line)) {
    const opened = lineStart + line.indexOf('${{');
    return at(
      'Inside [ ] and { }, text with an expression stands in quotes: "${{ … }}".',
      opened,
      lineStart + line.length,
    );
  }
  switch (error.code) {
    case 'TAB_AS_INDENT':
      return at('A line is indented by a tab, which YAML does not allow. Use spaces.');
    case 'BAD_ALIAS':
      return at(
        "A value may not begin with *, which stands for an anchor in YAML. Put it in quotes: '*'.",
        Math.max(0, text.lastIndexOf('*', start)),
        start,
      );
    case 'BAD_SCALAR_START':
      return at(
        `A value may not begin with ${rest.charAt(0)}. Put it in quotes.`,
        start,
        start + rest.trimEnd().length,
      );
    case 'TAG_RESOLVE_FAILED':
      return at(
        'A value that begins with ! is a YAML tag, and tags have no meaning here. Put the value in quotes.',
      );
    case 'MISSING_CHAR':
      if (/closing/.test(error.message))
        return at('A quotation mark is opened and never closed.', openingQuote(text, start), start);
      return at(
        'Something is missing here: write "key: value", or begin a list item with "- ".',
        start,
        start + rest.trimEnd().length,
      );
    case 'BLOCK_AS_IMPLICIT_KEY':
    case 'MULTILINE_IMPLICIT_KEY':
      return explainIndentation(text, start, indent.length, at);
    case 'BAD_INDENT':
      return at(
        `The indentation is wrong here: a bracket or quotation mark above may not be closed, or this line, which begins in column ${indent.length + 1}, does not begin where the lines of its map do.`,
        lineStart + indent.length,
        lineStart + line.length,
      );
    case 'UNEXPECTED_TOKEN':
      if (/["']$/.test(text.slice(lineStart, start).trimEnd()))
        return at(
          'Text stands behind a closing quotation mark. Put all of the value in quotes of the other kind.',
          start,
          start + rest.trimEnd().length,
        );
      return at(
        'This does not belong here. Is a quotation mark missing, or the line not indented like its neighbours?',
      );
    default:
      return at(`This is not valid YAML: ${error.message}.`);
  }
}

/** Whether between the last bracket, comma or colon and the first expression no quotation mark stands. */
function holdsBareExpression(line: string): boolean {
  const before = line.slice(0, Math.max(0, line.indexOf('${{')));
  const last = (...characters: readonly string[]): number =>
    Math.max(...characters.map((each) => before.lastIndexOf(each)));
  return last('[', '{', ',', ':') > last("'", '"');
}

type At = (message: string, from: number, to: number) => YamlProblem;

/** The parser stumbles over the line before the one that is wrong. */
function explainIndentation(text: string, start: number, indent: number, at: At): YamlProblem {
  const end = endOfLine(text, start);
  const rest = text.slice(start, end).trimEnd();
  const [, blank = '', next = ''] = /^(\s*\n *|\n? *)(\S[^\n]*)?/.exec(text.slice(end)) ?? [];
  const nextIndent = blank.length - blank.lastIndexOf('\n') - 1;
  if (next !== '' && nextIndent > indent) {
    const from = end + blank.length;
    return at(
      'This line is indented further than the one before it, which has a value already. Lines of one map begin at the same column.',
      from,
      from + next.trimEnd().length,
    );
  }
  const [, key = '', value = ''] = /^([\w-]+):(\S.*)$/.exec(rest) ?? [];
  if (key !== '' && !value.startsWith('//'))
    return at(
      `A space is missing behind the colon. Write "${key}: ${value.slice(0, 60)}".`,
      start,
      start + rest.length,
    );
  return rest.includes(': ')
    ? at('A second ": " stands in this value. Put the value in quotes.', start, start + rest.length)
    : at(
        'The indentation changes where it may not. Lines of one list or map begin at the same column.',
        start,
        start + rest.length,
      );
}

const endOfLine = (text: string, from: number): number => {
  const end = text.indexOf('\n', from);
  return end === -1 ? text.length : end;
};

/** The last quotation mark before the place where the parser gave up. */
function openingQuote(text: string, before: number): number {
  const last = Math.max(text.lastIndexOf('"', before - 1), text.lastIndexOf("'", before - 1));
  return last === -1 ? Math.max(0, before - 1) : last;
}
