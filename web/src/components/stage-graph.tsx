import '@xyflow/react/dist/style.css';
import {
  BaseEdge,
  Handle,
  Position,
  ReactFlow,
  type Edge,
  type EdgeProps,
  type Node,
  type NodeProps,
} from '@xyflow/react';
import { useMemo } from 'react';
import { useMessages } from '../messages/language-context.tsx';
import { criticalPath } from '../state/critical-path.ts';
import {
  layoutStages,
  lineId,
  nodeHeight,
  nodeWidth,
  type GraphLayout,
  type Point,
} from '../state/graph-layout.ts';
import { endedOf, type StageOfGraph } from '../state/matrix-groups.ts';
import { stageSpan } from '../state/run-view.ts';
import { StateBadge } from './state-badge.tsx';
import { stateColor } from './state-look.ts';
import { Duration } from './times.tsx';
import './stage-graph.css';

type StageNode = Node<
  { readonly stage: StageOfGraph; readonly isOpen: boolean; readonly onSelect: () => void },
  'stage'
>;

interface StageGraphProps {
  readonly stages: readonly StageOfGraph[];
  readonly openId: string | null;
  readonly onSelect: (stage: string) => void;
}

/** The stages left to right; the path that decides the run's length has strong lines. */
export function StageGraph({ stages, openId, onSelect }: StageGraphProps) {
  const t = useMessages();
  // Moves with the plan only: a change of state repaints boxes and leaves them where they are.
  const shape = stages.map(
    ({ planned }) => `${planned.id}<${planned.needs.map((need) => need.stage).join()}`,
  );
  // oxlint-disable-next-line react-hooks/exhaustive-deps
  const layout = useMemo(() => layoutStages(stages), [shape.join(';')]);
  const nodes = useMemo(
    () => stages.map((stage): StageNode => toNode(stage, layout, openId, onSelect)),
    [stages, layout, openId, onSelect],
  );
  const edges = useMemo(() => toEdges(stages, layout), [stages, layout]);
  return (
    <section className="stage-graph panel" aria-label={t.run.graph} title={t.run.graphHelp}>
      <div className="stage-graph-scroll">
        <div style={{ width: layout.width, height: layout.height }}>
          <ReactFlow
            nodes={nodes}
            edges={edges}
            nodeTypes={nodeTypes}
            edgeTypes={edgeTypes}
            defaultViewport={{ x: 0, y: 0, zoom: 1 }}
            nodesDraggable={false}
            nodesConnectable={false}
            nodesFocusable={false}
            edgesFocusable={false}
            elementsSelectable={false}
            panOnDrag={false}
            zoomOnScroll={false}
            zoomOnPinch={false}
            zoomOnDoubleClick={false}
            preventScrolling={false}
            proOptions={{ hideAttribution: true }}
          />
        </div>
      </div>
    </section>
  );
}

function toNode(
  stage: StageOfGraph,
  layout: GraphLayout,
  openId: string | null,
  onSelect: (stage: string) => void,
): StageNode {
  const { id } = stage.planned;
  return {
    id,
    type: 'stage',
    position: layout.positions.get(id) ?? { x: 0, y: 0 },
    width: nodeWidth,
    height: nodeHeight,
    data: { stage, isOpen: id === openId, onSelect: () => onSelect(id) },
  };
}

type NeedEdge = Edge<{ readonly points: readonly Point[] }, 'need'>;

function toEdges(stages: readonly StageOfGraph[], layout: GraphLayout): NeedEdge[] {
  const path = criticalPath(stages);
  return stages.flatMap(({ planned }) =>
    planned.needs.map((need): NeedEdge => ({
      id: lineId(need.stage, planned.id),
      type: 'need',
      data: { points: layout.lines.get(lineId(need.stage, planned.id)) ?? [] },
      source: need.stage,
      target: planned.id,
      className: path.has(need.stage) && path.has(planned.id) ? 'critical' : '',
      ...(need.optional ? { style: { strokeDasharray: '4 3' } } : {}),
    })),
  );
}

function StageBox({ data: { stage, isOpen, onSelect } }: NodeProps<StageNode>) {
  const t = useMessages();
  const { startedAt, finishedAt } = stageSpan(stage.state);
  return (
    <>
      <Handle type="target" position={Position.Left} />
      <button
        type="button"
        className="stage-box nopan"
        data-state={stage.shown}
        data-many={stage.combinations.length > 0}
        aria-pressed={isOpen}
        style={{ borderLeftColor: stateColor(stage.shown) }}
        onClick={onSelect}
      >
        <StateBadge state={stage.shown} iconOnly />
        <span className="stage-box-name">
          <span className="clip">{stage.planned.id}</span>
          <span className="soft clip">
            {t.stage.kinds[stage.planned.work.kind]}
            {stage.combinations.length > 0 && (
              <> · {t.stage.combinationsEnded(endedOf(stage), stage.combinations.length)}</>
            )}
            {startedAt !== null && (
              <>
                {' · '}
                <Duration from={startedAt} to={finishedAt} />
              </>
            )}
          </span>
        </span>
      </button>
      <Handle type="source" position={Position.Right} />
    </>
  );
}

function NeedLine({ data, style }: EdgeProps<NeedEdge>) {
  return <BaseEdge path={curveThrough(data?.points ?? [])} {...(style === undefined ? {} : { style })} />;
}

/** A line through the points with horizontal tangents, so that it leaves and enters boxes straight. */
function curveThrough(points: readonly Point[]): string {
  return points
    .map(({ x, y }, index) => {
      const before = points[index - 1];
      if (before === undefined) return `M${x},${y}`;
      const middle = (before.x + x) / 2;
      return `C${middle},${before.y} ${middle},${y} ${x},${y}`;
    })
    .join(' ');
}

const nodeTypes = { stage: StageBox };
const edgeTypes = { need: NeedLine };
