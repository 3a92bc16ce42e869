import dagre from '@dagrejs/dagre';
import type { StageOfRun } from './run-view.ts';

export const nodeWidth = 160;
export const nodeHeight = 46;

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface GraphLayout {
  readonly width: number;
  readonly height: number;
  /** Upper left corner of each stage's box, in pixels. */
  readonly positions: ReadonlyMap<string, Point>;
  /** `need → stage` → points of the line between the two, around the boxes in between. */
  readonly lines: ReadonlyMap<string, readonly Point[]>;
}

export const lineId = (need: string, stage: string): string => `${need} → ${stage}`;

/** Places the stages left to right, each after what it needs. */
export function layoutStages(stages: readonly StageOfRun[]): GraphLayout {
  const graph = arrange(stages);
  const boxes = stages.map(({ planned }) => [planned.id, graph.node(planned.id)] as const);
  const left = Math.min(...boxes.map(([, { x }]) => x - nodeWidth / 2)) - 2;
  const positions = new Map(
    boxes.map(([id, { x, y }]) => [id, { x: x - nodeWidth / 2 - left, y: y - nodeHeight / 2 }] as const),
  );
  const lines = new Map<string, readonly Point[]>();
  for (const { v, w } of graph.edges()) {
    if (v === root) continue;
    const between: readonly Point[] = graph.edge(v, w).points.slice(1, -1);
    const points = [rightOf(graph.node(v)), ...between, leftOf(graph.node(w))];
    lines.set(
      lineId(v, w),
      points.map(({ x, y }) => ({ x: x - left, y })),
    );
  }
  const corners = [...positions.values()];
  return {
    width: Math.max(0, ...corners.map(({ x }) => x + nodeWidth)) + 2,
    height: Math.max(0, ...corners.map(({ y }) => y + nodeHeight)) + 2,
    positions,
    lines,
  };
}

const rightOf = ({ x, y }: Point): Point => ({ x: x + nodeWidth / 2, y });
const leftOf = ({ x, y }: Point): Point => ({ x: x - nodeWidth / 2, y });

/** No stage can have this name. */
const root = ' root';

function arrange(stages: readonly StageOfRun[]) {
  const graph = new dagre.graphlib.Graph();
  graph.setGraph({ rankdir: 'LR', nodesep: 14, ranksep: 34, marginx: 2, marginy: 2 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const { planned } of stages) graph.setNode(planned.id, { width: nodeWidth, height: nodeHeight });
  for (const { planned } of stages) {
    for (const need of planned.needs) if (graph.hasNode(need.stage)) graph.setEdge(need.stage, planned.id);
  }
  // One root before all stages that need nothing draws them into the first column.
  graph.setNode(root, { width: 0, height: 0 });
  for (const { planned } of stages) {
    if (planned.needs.length === 0) graph.setEdge(root, planned.id, { weight: 100 });
  }
  dagre.layout(graph);
  return graph;
}
