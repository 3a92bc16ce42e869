// JUnit's XML as the tools really write it: `testsuites` may be missing or nested, times are seconds, a failed test
// has a `failure` or an `error`.
import { err, ok, type Result } from '../result.ts';
import { attribute, children, readXml, type XmlElement } from './read-xml.ts';
import { reportLimits, type TestCase } from './test-report.ts';

/** Suites within suites; tools write two or three. */
const deepest = 50;

/** The tests of one file, in its order. The error says what is wrong with the file. */
export function parseJunit(text: string): Result<readonly TestCase[], string> {
  const document = readXml(text);
  if (!document.ok) return document;
  const { name, root } = document.value;
  if (name !== 'testsuites' && name !== 'testsuite') {
    return err(`it begins with <${name}>, and JUnit's XML with <testsuites> or <testsuite>`);
  }
  const cases: TestCase[] = [];
  const isWhole = collect(root, '', 0, cases);
  return isWhole ? ok(cases) : err(`its suites are nested deeper than ${deepest}`);
}

function collect(suite: XmlElement, around: string, depth: number, cases: TestCase[]): boolean {
  if (depth > deepest) return false;
  const name = attribute(suite, 'name') ?? around;
  for (const element of children(suite, 'testcase')) cases.push(readCase(element, name));
  return children(suite, 'testsuite').every((inner) => collect(inner, name, depth + 1, cases));
}

function readCase(element: XmlElement, suite: string): TestCase {
  const [failure] = [...children(element, 'failure'), ...children(element, 'error')];
  const [skipped] = children(element, 'skipped');
  return {
    suite: cut(attribute(element, 'classname') ?? suite, reportLimits.nameCharacters),
    name: cut(attribute(element, 'name') ?? '', reportLimits.nameCharacters),
    result: failure !== undefined ? 'failed' : skipped !== undefined ? 'skipped' : 'passed',
    ms: readSeconds(attribute(element, 'time')),
    message: readMessage(failure ?? skipped),
  };
}

/** Some tools write `1,234.5`; what is no time counts as none. */
function readSeconds(text: string | null): number {
  const seconds = Number((text ?? '').replaceAll(',', ''));
  return Number.isFinite(seconds) && seconds > 0 ? Math.round(seconds * 1_000_000) / 1_000 : 0;
}

/** The text says more than the attribute, where there is one: it holds the stack. */
function readMessage(element: XmlElement | undefined): string | null {
  if (element === undefined) return null;
  const text = attribute(element, '#text')?.trim() ?? '';
  const message = attribute(element, 'message')?.trim() ?? '';
  const whole = text === '' || text.includes(message) ? text || message : `${message}\n${text}`;
  return whole === '' ? null : cut(whole, reportLimits.messageCharacters);
}

function cut(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}
