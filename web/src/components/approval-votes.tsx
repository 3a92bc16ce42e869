import type { ApprovalRule } from '@sluice/pipelines/language/definition';
import type { ApprovalVote } from '@sluice/pipelines/run/run-state';
import { useMessages } from '../messages/language-context.tsx';
import { StateBadge } from './state-badge.tsx';
import { RelativeTime } from './times.tsx';

interface ApprovalVotesProps {
  readonly rule: ApprovalRule;
  readonly votes: readonly ApprovalVote[];
}

/** Who may vote, who has, and how many approvals are still needed. */
export function ApprovalVotes({ rule, votes }: ApprovalVotesProps) {
  const t = useMessages();
  const approvals = votes.filter((vote) => vote.verdict === 'approved').length;
  const who = rule.by.length === 0 ? t.stage.anyone : rule.by.join(', ');
  return (
    <div>
      <h2>{t.stage.votes}</h2>
      <p>{t.stage.votesNeeded(approvals, rule.count)}</p>
      <p className="soft">
        {t.stage.mayVote(who)}
        {rule.notAuthor && `, ${t.stage.notAuthor}`}
      </p>
      {votes.map((vote) => (
        <p key={`${vote.by} ${vote.at}`} className="row wrap">
          <StateBadge state={vote.verdict === 'approved' ? 'succeeded' : 'failed'} iconOnly />
          <span>
            {vote.by} <span className="soft">{vote.reason}</span>
          </span>
          <span className="soft">
            <RelativeTime at={vote.at} />
          </span>
        </p>
      ))}
    </div>
  );
}
