// Text → nodes with positions. Every limit that keeps a hostile file from costing more than its size is here.
import { Composer, type CST, Lexer, Parser, type Document, type ParsedNode } from 'yaml';
import { convertDocument, type YamlProblem } from './convert-yaml.ts';
import type { Span } from './source-file.ts';
import type { SourceNode } from './source-node.ts';
import { explainYamlError } from './yaml-errors.ts';

export const maxFileBytes = 1_048_576;
const maxTokens = 700_000;
/** Brackets, lists and maps inside each other; the parser below recurses. */
const maxDepth = 64;

export interface YamlReading {
  /** Null when there is nothing to read, or no way to. */
  readonly root: SourceNode | null;
  readonly problems: readonly YamlProblem[];
}

/** `offset`: where the text begins in what is read together; every position counts from there. */
export function readYaml(text: string, offset = 0): YamlReading {
  const composed = compose(text);
  if (composed.kind === 'document') return convertDocument(text, composed.document, offset);
  const shift = (at: YamlProblem): YamlProblem => ({ ...at, start: at.start + offset, end: at.end + offset });
  return { root: null, problems: composed.problems.map(shift) };
}

type Composed =
  | { readonly kind: 'document'; readonly document: Document.Parsed }
  /** None: the text holds nothing. */
  | { readonly kind: 'unreadable'; readonly problems: readonly YamlProblem[] };

function compose(text: string): Composed {
  if (text.length > maxFileBytes || new TextEncoder().encode(text).length > maxFileBytes) {
    return failed({
      start: 0,
      end: 1,
      code: 'file-too-large',
      message: 'The file is larger than 1 MiB. Move scripts and data into files of their own.',
    });
  }
  const tokens = tokenise(text);
  if (!Array.isArray(tokens)) return failed(tokens);
  const options = { uniqueKeys: false, prettyErrors: false, keepSourceTokens: false };
  const composer = new Composer<ParsedNode>(options);
  const documents = withoutStackTraces(() => [...composer.compose(tokens, true, text.length)]);
  const [document, second] = documents;
  if (document === undefined) return failed();
  const problems = syntaxProblems(text, document);
  if (problems.length > 0) return failed(...problems);
  if (second !== undefined) {
    const at = second.range[0];
    return failed({
      start: at,
      end: at + 3,
      code: 'several-documents',
      message: 'A file holds one pipeline. Put the second one into a file of its own.',
    });
  }
  return { kind: 'document', document };
}

/**
 * A hostile file has tens of thousands of errors, each an object that nobody throws: noting for each where in the
 * program it was made would take longer than all the rest.
 */
function withoutStackTraces<T>(work: () => T): T {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return work();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

const failed = (...problems: readonly YamlProblem[]): Composed => ({ kind: 'unreadable', problems });

function tokenise(text: string): CST.Token[] | YamlProblem {
  const parser = new Parser();
  const tokens: CST.Token[] = [];
  let lexemes = 0;
  for (const lexeme of new Lexer().lex(text)) {
    for (const token of parser.next(lexeme)) tokens.push(token);
    lexemes += 1;
    if (parser.stack.length > maxDepth) {
      return {
        ...placeOf(parser),
        code: 'nested-too-deep',
        message: 'Lists and maps stand too deep inside each other here.',
      };
    }
    if (lexemes > maxTokens) {
      return {
        ...placeOf(parser),
        code: 'file-too-large',
        message: 'The file has too many parts. Split it into several pipelines.',
      };
    }
  }
  tokens.push(...parser.end());
  return tokens;
}

const placeOf = ({ offset }: Parser): Span => ({ start: offset, end: offset + 1 });

/** One mistake often makes the parser complain several times in a row: one message a line is enough. */
function syntaxProblems(text: string, document: Document.Parsed): YamlProblem[] {
  const problems: YamlProblem[] = [];
  let lineEnd = -1;
  const errors = [...document.errors, ...document.warnings].sort((a, b) => a.pos[0] - b.pos[0]);
  for (const error of errors) {
    if (error.pos[0] <= lineEnd) continue;
    const end = text.indexOf('\n', error.pos[0]);
    lineEnd = end === -1 ? text.length : end;
    problems.push(explainYamlError(text, error));
    if (problems.length >= 20) break;
  }
  // What stands around a tab is only wrong because of it.
  const tabs = problems.filter(({ message }) => message.includes('by a tab'));
  return tabs.length === 0 ? problems : tabs;
}
