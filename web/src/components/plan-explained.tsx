import { Button } from '@mantine/core';
import { useState } from 'react';
import type { Plan, PlannedStage } from '@sluice/pipelines/plan/plan';
import { useMessages } from '../messages/language-context.tsx';
import './plan-explained.css';

/** Which stages are in the plan, and why. */
export function PlanExplained({ plan }: { readonly plan: Plan }) {
  const t = useMessages();
  const [isOpen, setOpen] = useState(false);
  return (
    <section>
      <Button variant="subtle" size="compact-xs" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
        {isOpen ? t.run.explainHide : t.run.explain}
      </Button>
      {isOpen && (
        <div className="plan-explained panel" aria-label={t.run.planTitle}>
          {plan.stages.map((stage) => (
            <PlanRow key={stage.id} stage={stage} />
          ))}
        </div>
      )}
    </section>
  );
}

function PlanRow({ stage }: { readonly stage: PlannedStage }) {
  const t = useMessages();
  const { included, reasons } = stage.decision;
  return (
    <div className="plan-row">
      <b>{stage.id}</b>
      <span className="tag">{t.stage.kinds[stage.work.kind]}</span>
      <span className={included ? 'tag accent' : 'tag'}>{included ? t.run.included : t.run.excluded}</span>
      <span className="plan-why">
        {reasons.length > 0 && <span>{reasons.join('; ')}</span>}
        {stage.needs.length > 0 && (
          <span className="soft">
            {t.run.needs(stage.needs.map((need) => need.stage + (need.optional ? '?' : '')).join(', '))}
          </span>
        )}
        {stage.if === null ? (
          included && reasons.length === 0 && <span className="soft">{t.run.planNone}</span>
        ) : (
          <code>{t.run.condition(stage.if)}</code>
        )}
      </span>
    </div>
  );
}
