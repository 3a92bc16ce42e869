import { XMLParser } from 'fast-xml-parser';
import { err, ok, type Result } from '../result.ts';

/** An element as the parser gives it: attributes and children by name, its own text under `#text`. */
export interface XmlElement {
  readonly [name: string]: unknown;
}

const lists = new Set(['testsuite', 'testcase', 'failure', 'error', 'skipped', 'package', 'class', 'line']);

const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: '',
  parseAttributeValue: false,
  parseTagValue: false,
  isArray: (tag, _path, _isLeaf, isAttribute) => !isAttribute && lists.has(tag),
  // Names that objects have of themselves would otherwise be overwritten by a stranger's file.
  strictReservedNames: true,
});

/** The file's outermost element with its name. The error says why the file is not read. */
export function readXml(text: string): Result<{ readonly name: string; readonly root: XmlElement }, string> {
  // Entities of a file's own can grow without end, and no test tool needs them.
  if (/<!(?:ENTITY|DOCTYPE[^>]*\[)/i.test(text)) return err('it defines entities of its own');
  try {
    const tree: unknown = parser.parse(text, true);
    if (!isElement(tree)) return err('it holds no element');
    const name = Object.keys(tree).find((key) => key !== '?xml');
    if (name === undefined) return err('it holds no element');
    const root = tree[name];
    // An element that is listed by name, such as a single `testsuite`, comes as a list of one.
    const first: unknown = Array.isArray(root) ? root[0] : root;
    return ok({ name, root: isElement(first) ? first : {} });
  } catch (error) {
    return err(`it is not XML: ${error instanceof Error ? error.message : String(error)}`);
  }
}

export function children(element: XmlElement, name: string): readonly XmlElement[] {
  const value = element[name];
  const list: readonly unknown[] = Array.isArray(value) ? value : value === undefined ? [] : [value];
  return list.map((each) => (isElement(each) ? each : { '#text': String(each) }));
}

export function attribute(element: XmlElement, name: string): string | null {
  const value = element[name];
  return typeof value === 'string' ? value : null;
}

function isElement(value: unknown): value is XmlElement {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
