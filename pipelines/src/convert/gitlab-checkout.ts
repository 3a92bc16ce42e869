// Variables by which GitLab's runner fetches the commit → `checkout`.
import type { SourceNode } from '../language/source-node.ts';
import { changed, entriesOf, leftOut, textOf, type Conversion } from './conversion.ts';
import { checkoutDraft, depthOf } from './checkout-draft.ts';
import type { DraftValue } from './draft.ts';
import type { Variables } from './gitlab-variables.ts';

/** `outer`: variables of the pipeline; those of the job come before them. Undefined: the files alone. */
export function gitlabCheckout(outer: Variables, own: SourceNode | undefined): DraftValue | undefined {
  const values = new Map(outer);
  for (const { key, value } of entriesOf(own)) {
    const text = textOf(value);
    if (text !== null) values.set(key, text);
  }
  const strategy = values.get('GIT_STRATEGY');
  if (strategy === 'none' || strategy === 'empty') return false;
  const submodules = values.get('GIT_SUBMODULE_STRATEGY');
  return checkoutDraft({
    depth: depthOf(values.get('GIT_DEPTH') ?? null),
    submodules: submodules === 'recursive' ? 'recursive' : submodules === 'normal',
  });
}

/** Of those that say something which has no counterpart; the same for the pipeline and for its jobs. */
export function noteFetching(conversion: Conversion, variables: SourceNode | undefined): void {
  for (const { key, keySpan, value } of entriesOf(variables)) {
    const text = textOf(value) ?? '';
    const isRead =
      key === 'GIT_STRATEGY'
        ? ['fetch', 'clone', 'none', 'empty'].includes(text)
        : key === 'GIT_SUBMODULE_STRATEGY'
          ? ['none', 'normal', 'recursive'].includes(text)
          : key !== 'GIT_DEPTH' || depthOf(text) !== null;
    if (!isRead) {
      const why = 'its value is not written out.';
      changed(conversion, keySpan, {
        what: `${key}: ${text.slice(0, 40)}`,
        why,
        whatToDo: 'Write it under checkout.',
      });
    } else if (
      /^GIT_(SUBMODULE_(PATHS|DEPTH|UPDATE_FLAGS|FORCE_HTTPS)|CHECKOUT|CLEAN_FLAGS|FETCH_EXTRA_FLAGS|LFS_SKIP_SMUDGE)$/.test(
        key,
      )
    ) {
      leftOut(conversion, keySpan, { what: key, why: 'the checkout is not chosen in such detail.' });
    }
  }
}
