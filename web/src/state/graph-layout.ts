import dagre from '@dagrejs/dagre';
import type { StageOfRun } from './run-view.ts';

export const nodeWidth = 172;
export const nodeHeight = 46;

export interface GraphLayout {
  readonly width: number;
  readonly height: number;
  /** Upper left corner of each stage's box, in pixels. */
  readonly positions: ReadonlyMap<string, { readonly x: number; readonly y: number }>;
}

/** Places the stages left to right, each after what it needs. */
export function layoutStages(stages: readonly StageOfRun[]): GraphLayout {
  const graph = new dagre.graphlib.Graph();
  graph.setGraph({ rankdir: 'LR', nodesep: 14, ranksep: 44, marginx: 2, marginy: 2 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const { planned } of stages) graph.setNode(planned.id, { width: nodeWidth, height: nodeHeight });
  for (const { planned } of stages) {
    for (const need of planned.needs) if (graph.hasNode(need.stage)) graph.setEdge(need.stage, planned.id);
  }
  dagre.layout(graph);
  const positions = new Map(
    stages.map(({ planned }) => {
      const { x, y } = graph.node(planned.id);
      return [planned.id, { x: x - nodeWidth / 2, y: y - nodeHeight / 2 }] as const;
    }),
  );
  const right = Math.max(0, ...[...positions.values()].map(({ x }) => x + nodeWidth));
  const bottom = Math.max(0, ...[...positions.values()].map(({ y }) => y + nodeHeight));
  return { width: right + 2, height: bottom + 2, positions };
}
