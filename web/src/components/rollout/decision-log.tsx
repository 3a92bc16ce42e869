import type { DecisionView } from '@sluice/pipelines/protocol/api';
import type { Decision } from '@sluice/pipelines/rollout/rollout-state';
import type { Messages } from '../../messages/en.ts';
import { useMessages } from '../../messages/language-context.tsx';
import type { StateName } from '../../state/state-name.ts';
import { Copyable, shortHash } from '../copyable.tsx';
import { stateColor } from '../state-look.ts';
import { RelativeTime } from '../times.tsx';

const colors = {
  continue: 'succeeded',
  promote: 'succeeded',
  end: 'succeeded',
  approve: 'succeeded',
  resume: 'running',
  hold: 'held',
  'roll-back': 'rolling-back',
  reject: 'failed',
  refuse: 'failed',
  freeze: 'waiting',
  thaw: 'running',
  'break-glass': 'held',
} as const satisfies Record<Decision['kind'], StateName>;

function sayWho(by: string, words: Messages['rollout']): string {
  if (by === 'judge') return words.judge;
  return by === 'guard' ? words.theGuard : by;
}

/** Every decision, newest first, each with its hash in the chain. */
export function DecisionLog({ decisions }: { readonly decisions: readonly DecisionView[] }) {
  const t = useMessages();
  return (
    <section className="panel">
      <div className="panel-head">
        <h2 className="grow">{t.rollout.decisions}</h2>
        {decisions.length > 0 && <span className="soft decision-chain">{t.rollout.chain}</span>}
      </div>
      {decisions.length === 0 && <p className="panel-body soft">{t.rollout.noDecisions}</p>}
      <ol className="decisions">
        {decisions.toReversed().map((decision) => (
          <li key={decision.hash}>
            <span className="soft decision-at">
              <RelativeTime at={decision.at} />
            </span>
            <strong style={{ color: stateColor(colors[decision.kind]) }}>
              {t.rollout.decisionKinds[decision.kind]}
            </strong>
            <span className="decision-reason">
              {decision.reason} <span className="soft">{sayWho(decision.by, t.rollout)}</span>
            </span>
            <Copyable value={decision.hash} shown={shortHash(decision.hash)} />
          </li>
        ))}
      </ol>
    </section>
  );
}
