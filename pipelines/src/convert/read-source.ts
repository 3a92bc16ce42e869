// A file of another system → nodes with positions, by the reader of our own language and its limits.
import { Lexer } from 'yaml';
import type { Diagnostic } from '../language/diagnostic.ts';
import { readYaml, type YamlReading } from '../language/read-yaml.ts';
import { diagnosticAt, sourceFile, type SourceFile } from '../language/source-file.ts';
import type { MapNode } from '../language/source-node.ts';
import type { YamlProblem } from '../language/convert-yaml.ts';
import { err, ok, type Result } from '../result.ts';
import { mendedYaml } from './mend-yaml.ts';

export interface SourceText {
  readonly source: SourceFile;
  readonly root: MapNode;
  /** Offsets at which a list stands behind `!reference`. */
  readonly references: ReadonlySet<number>;
  /** A key that stands twice: the other systems take the last one. */
  readonly repeated: readonly YamlProblem[];
  /** The first of two documents, GitLab's `spec:` header, was passed over. */
  readonly hasHeader: boolean;
}

const mostCharacters = 1_048_576;

export function readSource(text: string, file: string): Result<SourceText, readonly Diagnostic[]> {
  const source = sourceFile(file, text);
  const failed = (problems: readonly YamlProblem[]): Result<never, readonly Diagnostic[]> =>
    err(
      problems
        .slice(0, 100)
        .map((each) =>
          diagnosticAt(source, each, { severity: 'error', code: each.code, message: each.message }),
        ),
    );
  const plain = text.length > mostCharacters ? asWritten(text) : plainYaml(text);
  const { root, problems } = readLeniently(plain.text);
  if (root === null) return failed(problems.length > 0 ? problems : [notAPipeline(1)]);
  const broken = problems.filter((each) => each.code !== 'duplicate-key');
  if (broken.length > 0) return failed(broken);
  if (root.kind !== 'map') return failed([notAPipeline(root.end - root.start)]);
  return ok({ source, root, references: plain.references, repeated: problems, hasHeader: plain.hasHeader });
}

/** As our own reader has it; where that refuses, as the readers of other systems have it, if they take it. */
function readLeniently(text: string): YamlReading {
  const reading = readYaml(text);
  if (!isBroken(reading) || text.length > mostCharacters) return reading;
  const mended = mendedYaml(text);
  const again = mended === text ? reading : readYaml(mended);
  return isBroken(again) ? reading : again;
}

const isBroken = ({ root, problems }: YamlReading): boolean =>
  root === null || problems.some((each) => each.code !== 'duplicate-key');

const notAPipeline = (length: number): YamlProblem => ({
  start: 0,
  end: Math.max(1, length),
  code: 'not-a-pipeline',
  message: 'This is no pipeline: it must be a map with keys such as jobs or steps.',
});

interface PlainYaml {
  readonly text: string;
  readonly references: ReadonlySet<number>;
  readonly hasHeader: boolean;
}

const asWritten = (text: string): PlainYaml => ({ text, references: new Set(), hasHeader: false });

/** The same text with `!reference` and a header document blanked out, so that every position stays. */
function plainYaml(text: string): PlainYaml {
  if (!/!reference|^---/m.test(text)) return asWritten(text);
  const references = new Set<number>();
  let plain = text;
  let offset = 0;
  let isText = false;
  let header: number | null = null;
  for (const lexeme of new Lexer().lex(text)) {
    if (marks.has(lexeme)) {
      isText = lexeme === scalarMark;
      continue;
    }
    if (!isText && lexeme === '!reference') {
      plain = blank(plain, offset, offset + lexeme.length);
      const list = /^\s*\[/.exec(text.slice(offset + lexeme.length, offset + lexeme.length + 200));
      if (list !== null) references.add(offset + lexeme.length + list[0].length - 1);
    }
    if (!isText && lexeme === '---' && header === null && isHeader(text.slice(0, offset))) header = offset;
    isText = false;
    offset += lexeme.length;
  }
  return { text: header === null ? plain : blank(plain, 0, header), references, hasHeader: header !== null };
}

/** The lexer's own signs, which stand for no character of the text. */
const scalarMark = '\u001f';
const marks: ReadonlySet<string> = new Set([scalarMark, '\u0002', '\u0018']);

const isHeader = (before: string): boolean => /^spec:/m.test(before);

const blank = (text: string, from: number, to: number): string =>
  text.slice(0, from) + text.slice(from, to).replace(/[^\n\r]/g, ' ') + text.slice(to);
