import type { RolloutView, RunView } from '@sluice/pipelines/protocol/api';
import { formatDuration } from '../../format/duration.ts';
import { useMessages } from '../../messages/language-context.tsx';
import { Copyable, shortCommit, shortHash, shortImage } from '../copyable.tsx';

interface ReleaseFactsProps {
  readonly view: RolloutView;
  readonly run: RunView | undefined;
}

/** Exactly what is deployed, and what a vote signs. */
export function ReleaseFacts({ view, run }: ReleaseFactsProps) {
  const t = useMessages();
  const { spec, facts, phase, guard } = view.rollout;
  const isVoting = phase.name === 'awaiting-approval';
  const hash = isVoting ? view.decisions.at(-1)?.hash : undefined;
  return (
    <section className="panel">
      <div className="panel-head">
        <h2>{isVoting ? t.rollout.whatIsApproved : t.rollout.whatIsDeployed}</h2>
      </div>
      <dl className="facts stacked panel-body">
        <dt>{t.rollout.image}</dt>
        <dd>
          <Copyable value={spec.image} shown={shortImage(spec.image)} />
        </dd>
        <dt>{t.rollout.version}</dt>
        <dd>{spec.version}</dd>
        {run !== undefined && (
          <>
            <dt>{t.rollout.commit}</dt>
            <dd>
              <Copyable value={run.commit.sha} shown={shortCommit(run.commit.sha)} />
              <br />
              {run.commit.message.split('\n', 1)[0]}
            </dd>
          </>
        )}
        <dt>{t.rollout.author}</dt>
        <dd>{spec.author}</dd>
        {facts !== null && facts.address !== null && (
          <>
            <dt>{t.rollout.address}</dt>
            <dd className="mono">{facts.address}</dd>
          </>
        )}
        {spec.work.guard !== undefined && guard !== undefined && (
          <>
            <dt>{t.rollout.guard}</dt>
            <dd>
              {guard.problem === null
                ? t.rollout.guarded(formatDuration(spec.work.guard.afterMs))
                : `${t.rollout.notGuarded}: ${guard.problem}`}
            </dd>
          </>
        )}
        {hash !== undefined && (
          <>
            <dt>{t.rollout.signs}</dt>
            <dd>
              <Copyable value={hash} shown={shortHash(hash)} />
            </dd>
          </>
        )}
      </dl>
    </section>
  );
}
