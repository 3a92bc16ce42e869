import { Button, Checkbox, SegmentedControl } from '@mantine/core';
import { useState } from 'react';
import { useNavigate } from 'react-router';
import type { Rerun, RunView } from '@sluice/pipelines/protocol/api';
import type { RerunStage } from '@sluice/pipelines/run/choose-rerun';
import { paths } from '../api/paths.ts';
import { useRerunPreview } from '../api/queries.ts';
import { useAction } from '../api/use-action.ts';
import { useMessages } from '../messages/language-context.tsx';
import { hasFailures } from '../state/run-view.ts';
import { Dialog } from './dialog.tsx';
import { ProblemCard } from './problem-card.tsx';
import './rerun-dialog.css';

interface RerunDialogProps {
  readonly run: RunView;
  /** What is asked for first; a person may choose otherwise. */
  readonly what: Rerun['what'];
  readonly onClose: () => void;
}

/** Shows what would run and what is kept, before anything is started. */
export function RerunDialog({ run, what: first, onClose }: RerunDialogProps) {
  const t = useMessages();
  const navigate = useNavigate();
  const [what, setWhat] = useState(first);
  const [isCurrent, setCurrent] = useState(false);
  const [isDebug, setDebug] = useState(false);
  const plan = what === 'all' && isCurrent ? 'current' : 'original';
  const wanted: Rerun = { what, plan, debug: isDebug };
  const preview = useRerunPreview(run.id, wanted);
  const start = useAction<{ readonly runId: string }>(({ runId }) => {
    onClose();
    void navigate(`/runs/${runId}`);
  });
  const stages = preview.data?.stages ?? [];
  const choices = [
    { value: 'all', label: t.rerun.all },
    ...(hasFailures(run) ? [{ value: 'failed', label: t.rerun.failed }] : []),
    ...(typeof first === 'object' ? [{ value: 'from', label: t.rerun.from(first.from) }] : []),
  ];
  return (
    <Dialog onClose={onClose} title={t.rerun.title(run.number)}>
      <div className="stack">
        <SegmentedControl
          aria-label={t.rerun.what}
          data={choices}
          value={typeof what === 'object' ? 'from' : what}
          onChange={(value) => setWhat(value === 'from' ? first : value === 'failed' ? 'failed' : 'all')}
        />
        {what === 'all' && (
          <Checkbox
            label={t.rerun.current}
            description={t.rerun.currentHint}
            checked={isCurrent}
            onChange={(event) => setCurrent(event.currentTarget.checked)}
          />
        )}
        <Checkbox
          label={t.rerun.debug}
          description={t.rerun.debugHint}
          checked={isDebug}
          onChange={(event) => setDebug(event.currentTarget.checked)}
        />
        {preview.error !== null && <ProblemCard error={preview.error} />}
        <StageChoices title={t.rerun.runs} stages={stages.filter((stage) => !stage.kept)} />
        <StageChoices title={t.rerun.keeps(run.number)} stages={stages.filter((stage) => stage.kept)} />
        {start.error !== null && <ProblemCard error={start.error} />}
        <div className="row dialog-actions">
          <Button onClick={onClose}>{t.actions.cancel}</Button>
          <Button
            variant="filled"
            loading={start.isPending}
            disabled={preview.data === undefined}
            onClick={() => start.mutate({ method: 'POST', path: paths.rerun(run.id), body: wanted })}
          >
            {t.rerun.start}
          </Button>
        </div>
      </div>
    </Dialog>
  );
}

function StageChoices({ title, stages }: { readonly title: string; readonly stages: readonly RerunStage[] }) {
  if (stages.length === 0) return null;
  return (
    <section>
      <h2>{title}</h2>
      <ul className="rerun-stages">
        {stages.map(({ stage, kept, reason }) => (
          <li key={stage} data-kept={kept}>
            <b>{stage}</b> <span className="soft">{reason}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
