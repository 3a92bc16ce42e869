// Objects of a chart that Helm would not install but run at a certain moment. Pure.
import type { KubeObject } from '../kube-objects.ts';

export interface RenderedChart {
  readonly objects: readonly KubeObject[];
  /** For the log; empty: the chart has none. */
  readonly hooks: readonly string[];
}

const hookNote = 'helm.sh/hook';

/** Parts what is applied from hooks and tests, which are not. */
export function withoutHooks(rendered: readonly KubeObject[]): RenderedChart {
  const momentOf = ({ metadata }: KubeObject): string | undefined => metadata.annotations?.[hookNote];
  return {
    objects: rendered.filter((object) => momentOf(object) === undefined),
    hooks: rendered.flatMap((object) => {
      const moment = momentOf(object);
      return moment === undefined ? [] : [`${object.kind} ${object.metadata.name} (${moment})`];
    }),
  };
}
