import { globFault } from '../language/read-glob.ts';
import { pathProblem } from '../language/read-path.ts';
import type { SourceNode } from '../language/source-node.ts';
import { itemsOf, leftOut, textOf, type Conversion } from './conversion.ts';
import { trimEnd } from '../trim-end.ts';

/** Patterns inside the workspace; the others have their notes. */
export function fileGlobs(conversion: Conversion, node: SourceNode | undefined): readonly string[] {
  return itemsOf(node).flatMap((item) => {
    const text = textOf(item)?.trim() ?? '';
    const path = trimEnd(
      text
        .replace(
          /^(\$CI_PROJECT_DIR|\$\{CI_PROJECT_DIR\}|\$\{\{\s*github\.workspace\s*\}\}|\/workspace)\/?/,
          '',
        )
        .replace(/^(\.\/)+/, ''),
      '/',
    );
    if (text === '') return [];
    const plain = path === '' || path === '.' ? '**' : path;
    const problem = plain.includes('$')
      ? 'holds a variable.'
      : (pathProblem(plain.replace(/^~\//, '')) ?? globFault(plain));
    if (problem === null) return [plain];
    leftOut(conversion, item, {
      what: text.slice(0, 60),
      why: `the path ${problem}`,
      whatToDo: 'Write a path inside the workspace.',
    });
    return [];
  });
}
