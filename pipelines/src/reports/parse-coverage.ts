// Coverage in Cobertura's XML and in LCOV, told apart by their first character.
import { err, ok, type Result } from '../result.ts';
import { attribute, children, readXml, type XmlElement } from './read-xml.ts';
import { reportLimits, type CoverageCount, type CoverageReport } from './test-report.ts';

/** The error says what is wrong with the file. */
export function parseCoverage(text: string): Result<CoverageReport, string> {
  return text.trimStart().startsWith('<') ? parseCobertura(text) : parseLcov(text);
}

/** Lines are counted, not taken from the totals: several tools leave those out. */
function parseCobertura(text: string): Result<CoverageReport, string> {
  const document = readXml(text);
  if (!document.ok) return document;
  const { name, root } = document.value;
  if (name !== 'coverage') return err(`it begins with <${name}>, and Cobertura's XML with <coverage>`);
  const files = new Map<string, FileLines>();
  const branches = { covered: 0, total: 0 };
  const packages = children(root, 'packages').flatMap((each) => children(each, 'package'));
  for (const each of packages.flatMap((one) => children(one, 'classes'))) {
    for (const part of children(each, 'class')) {
      const file = fileOf(files, attribute(part, 'filename') ?? '');
      for (const line of children(part, 'lines').flatMap((lines) => children(lines, 'line'))) {
        addLine(file, line);
        addBranches(branches, line);
      }
    }
  }
  return ok(reportOf(files, branches.total === 0 ? null : branches));
}

function parseLcov(text: string): Result<CoverageReport, string> {
  const files = new Map<string, FileLines>();
  const branches = { covered: 0, total: 0 };
  let file: FileLines | null = null;
  for (const line of text.split('\n')) {
    const [, key, value] = /^([A-Z]+):(.*?)\r?$/.exec(line) ?? [];
    if (key === 'SF') file = fileOf(files, value ?? '');
    const [first, second, , hits] = (value ?? '').split(',');
    if (key === 'DA' && file !== null)
      file.set(first ?? '', (file.get(first ?? '') ?? false) || Number(second) > 0);
    if (key !== 'BRDA') continue;
    branches.total += 1;
    if (Number(hits) > 0) branches.covered += 1;
  }
  if (files.size === 0) return err('it is neither LCOV (no line begins with "SF:") nor Cobertura\'s XML');
  return ok(reportOf(files, branches.total === 0 ? null : branches));
}

/** Line number → whether it was run; a line that stands in several classes counts once. */
type FileLines = Map<string, boolean>;

function fileOf(files: Map<string, FileLines>, path: string): FileLines {
  const known = files.get(path);
  if (known !== undefined) return known;
  const file: FileLines = new Map();
  files.set(path, file);
  return file;
}

function addLine(file: FileLines, line: XmlElement): void {
  const number = attribute(line, 'number') ?? '';
  file.set(number, (file.get(number) ?? false) || Number(attribute(line, 'hits')) > 0);
}

/** `condition-coverage="50% (1/2)"`. */
function addBranches(sum: { covered: number; total: number }, line: XmlElement): void {
  const [, covered, total] = /\((\d+)\/(\d+)\)/.exec(attribute(line, 'condition-coverage') ?? '') ?? [];
  sum.covered += Number(covered ?? 0);
  sum.total += Number(total ?? 0);
}

function reportOf(files: ReadonlyMap<string, FileLines>, branches: CoverageCount | null): CoverageReport {
  const counted = [...files].map(([path, lines]) => ({
    path: path.slice(0, reportLimits.nameCharacters),
    lines: { covered: [...lines.values()].filter(Boolean).length, total: lines.size },
  }));
  return {
    lines: counted.reduce(
      (sum, { lines }) => ({ covered: sum.covered + lines.covered, total: sum.total + lines.total }),
      { covered: 0, total: 0 },
    ),
    branches,
    files: counted.toSorted((a, b) => shareOf(a.lines) - shareOf(b.lines)).slice(0, reportLimits.files),
  };
}

/** 0 to 1; a file without lines is wholly covered. */
function shareOf({ covered, total }: CoverageCount): number {
  return total === 0 ? 1 : covered / total;
}
