import type { RunSummary } from '@sluice/pipelines/protocol/api';
import { useMessages } from '../messages/language-context.tsx';
import { isOver } from '../state/state-name.ts';
import { stateColor } from './state-look.ts';
import './stage-strip.css';

/** One cell a stage, in the plan's order, coloured by its state; cells of stages under way are half filled. */
export function StageStrip({ stages }: { readonly stages: RunSummary['stages'] }) {
  const t = useMessages();
  const text = stages.map((stage) => `${stage.id} ${t.states[stage.status]}`);
  return (
    <span className="stage-strip" role="img" aria-label={t.runs.stages(text.join(', '))}>
      {stages.map((stage, index) => (
        <i
          key={stage.id}
          title={text[index]}
          data-state={stage.status}
          data-over={isOver(stage.status)}
          style={{ color: stateColor(stage.status) }}
        />
      ))}
    </span>
  );
}
