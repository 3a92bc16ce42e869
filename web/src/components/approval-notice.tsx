import { Button } from '@mantine/core';
import { Link, useNavigate } from 'react-router';
import type { RunView } from '@sluice/pipelines/protocol/api';
import { useMessages } from '../messages/language-context.tsx';
import { needsPerson } from '../state/state-name.ts';
import type { StageOfRun } from '../state/run-view.ts';
import { StageVote } from './stage-vote.tsx';
import { StateBadge } from './state-badge.tsx';
import { stateColor } from './state-look.ts';
import { useShortcuts } from './use-shortcuts.ts';
import './cards.css';

/** A stage that waits for a person says so on top of its run, with the way to act. */
export function ApprovalNotice({ run, stage }: { readonly run: RunView; readonly stage: StageOfRun }) {
  const t = useMessages();
  if (!needsPerson(stage.shown)) return null;
  const { id, work } = stage.planned;
  return (
    <div className="notice" style={{ color: stateColor(stage.shown) }}>
      <StateBadge state={stage.shown} iconOnly />
      <span className="what grow">
        {stage.shown === 'held' ? t.run.rolloutHeld(id) : t.run.approvalWaits(id)}
      </span>
      {stage.rolloutId !== null && <EvidenceLink rolloutId={stage.rolloutId} />}
      {work.kind === 'approve' && <StageVote runId={run.id} stage={id} />}
    </div>
  );
}

/** A rollout is never approved unseen: `a` leads to its evidence, where `a` approves. */
function EvidenceLink({ rolloutId }: { readonly rolloutId: string }) {
  const t = useMessages();
  const navigate = useNavigate();
  const address = `/rollouts/${rolloutId}`;
  useShortcuts({ a: () => void navigate(address) });
  return (
    <Button component={Link} to={address} variant="filled" rightSection={<kbd>a</kbd>}>
      {t.run.openRollout}
    </Button>
  );
}
