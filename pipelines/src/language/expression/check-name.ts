import { didYouMean } from '../suggest.ts';
import type { ExpressionProblem, Reference, Walk } from './expression-walk.ts';
import { fixedNames, rootNames, type ValueType } from './names.ts';

/** Names that are checked against the file, later. */
const byFile: ReadonlySet<string> = new Set(['inputs', 'env', 'matrix', 'stages']);

/** What other engines call what is here. */
const foreignRoots: Readonly<Record<string, string>> = {
  secrets:
    'No expression sees a secret: a variable names it, env: { TOKEN: { secret: npm-token } }, and the command uses "$TOKEN".',
  github: 'Use event, branch, tag, repository, commit.sha, commit.message, pull_request.number.',
  needs: 'Results of other stages are stages.build.outputs.version and stages.build.status.',
  steps:
    'A step leaves a file, and the stage makes an output of it: outputs: { version: { file: VERSION } }.',
  job: 'How the stages before ended is asked by success(), failure(), cancelled() and always().',
  vars: 'Variables of the file are env.NAME.',
  runner: 'Steps run in the image that the stage names.',
};

/** Fixed names are checked here. */
export function checkName(walk: Walk, reference: Reference): ValueType {
  const [root = ''] = reference.path;
  const add = (code: string, message: string): ValueType => {
    walk.problems.push({ code, message, offset: reference.offset, length: reference.length });
    return 'any';
  };
  if (!rootNames.has(root)) {
    const known = [...rootNames].filter((name) => name !== 'version');
    const foreign = Object.hasOwn(foreignRoots, root) ? foreignRoots[root] : undefined;
    if (foreign !== undefined) return add('unknown-name', `There is no name ${root}. ${foreign}`);
    return add(
      'unknown-name',
      `There is no name ${root}.${didYouMean(root, known)} Text stands in quotes; names are ${known.join(', ')}.`,
    );
  }
  walk.references.push(reference);
  if (byFile.has(root)) return root === 'env' ? 'text' : 'any';
  const written = reference.path.join('.');
  const definition = fixedNames.get(written);
  if (definition === undefined) {
    const known = [...fixedNames.keys()].filter((name) => name.startsWith(`${root}.`) || name === root);
    const last = reference.path.at(-1) ?? root;
    const suggestion = didYouMean(
      last,
      known.map((name) => name.split('.').at(-1) ?? name),
    );
    return add('unknown-name', `There is no name ${written}.${suggestion} There is ${known.join(', ')}.`);
  }
  const { comparedWith } = reference;
  if (
    definition.values !== undefined &&
    comparedWith !== null &&
    !definition.values.includes(comparedWith.text)
  ) {
    walk.problems.push(impossibleComparison(written, comparedWith, definition.values));
  }
  return definition.type;
}

/** `event == 'pull-request'`: a comparison that can never be true. */
export function impossibleComparison(
  name: string,
  comparedWith: { readonly text: string; readonly offset: number },
  values: readonly string[],
): ExpressionProblem {
  const { text, offset } = comparedWith;
  return {
    code: 'impossible-comparison',
    message: `${name} is never "${text}".${didYouMean(text, values)} It is one of ${values.join(', ')}.`,
    offset,
    length: text.length + 2,
  };
}
