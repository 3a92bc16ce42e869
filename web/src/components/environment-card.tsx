import { ActionIcon, Button } from '@mantine/core';
import { IconArrowBackUp, IconPencil, IconSnowflake } from '@tabler/icons-react';
import { Link } from 'react-router';
import type { EnvironmentView, ReleaseView } from '@sluice/pipelines/protocol/api';
import { useMessages } from '../messages/language-context.tsx';
import { earlierRelease } from '../state/earlier-release.ts';
import { Copyable, shortCommit, shortImage } from './copyable.tsx';
import { EnvironmentFreeze } from './environment-freeze.tsx';
import { EnvironmentLooks } from './environment-looks.tsx';
import { ClusterList } from './cluster-list.tsx';
import { StateBadge } from './state-badge.tsx';
import { RelativeTime } from './times.tsx';
import './environment-card.css';

interface EnvironmentCardProps {
  readonly environment: EnvironmentView;
  readonly onEdit: () => void;
  readonly onFreeze: () => void;
  readonly onRollBack: (to: ReleaseView) => void;
}

/** One environment: what runs there now, how it came there, and the way back. */
export function EnvironmentCard({ environment, onEdit, onFreeze, onRollBack }: EnvironmentCardProps) {
  const t = useMessages();
  const { current, history, activeRollout } = environment;
  const earlier = earlierRelease(environment);
  return (
    <section className="environment panel" aria-label={environment.name}>
      <div className="panel-head">
        <strong>{environment.name}</strong>
        <TargetLine environment={environment} />
        <div className="grow" />
        <ActionIcon
          aria-label={t.environments.change(environment.name)}
          title={t.environments.change(environment.name)}
          onClick={onEdit}
        >
          <IconPencil size={16} aria-hidden />
        </ActionIcon>
        {environment.freeze !== undefined && (
          <ActionIcon
            aria-label={t.freeze.edit(environment.name)}
            title={t.freeze.edit(environment.name)}
            onClick={onFreeze}
          >
            <IconSnowflake size={16} aria-hidden />
          </ActionIcon>
        )}
        {earlier !== null && (
          <Button leftSection={<IconArrowBackUp size={14} />} onClick={() => onRollBack(earlier)}>
            {t.environments.rollBack}
          </Button>
        )}
      </div>
      <div className="panel-body stack">
        {environment.freeze !== undefined && <EnvironmentFreeze freeze={environment.freeze} />}
        <EnvironmentLooks environment={environment} />
        {activeRollout !== null && (
          <Link className="link row" to={`/rollouts/${activeRollout}`}>
            <StateBadge state="running" iconOnly />
            {t.environments.rollingOut} →
          </Link>
        )}
        {current === null ? (
          <p className="soft">{t.environments.nothing}</p>
        ) : (
          <CurrentRelease release={current} />
        )}
        {environment.clusters !== undefined && <ClusterList clusters={environment.clusters} />}
        {history.length > 0 && (
          <div>
            <h2>{t.environments.history}</h2>
            <ol className="release-history">
              {history.map((release) => (
                <HistoryRow
                  key={release.id}
                  release={release}
                  isCurrent={release.id === current?.id}
                  onRollBack={onRollBack}
                />
              ))}
            </ol>
          </div>
        )}
      </div>
    </section>
  );
}

function TargetLine({ environment: { target } }: { readonly environment: EnvironmentView }) {
  const t = useMessages();
  return (
    <span className="row wrap soft target-line">
      <span className="tag">{t.environments.kinds[target.kind]}</span>
      {target.kind === 'clusters' && <span>{t.environments.clusterCount(target.clusters.length)}</span>}
      {target.kind === 'docker' && (
        <span className="mono">
          {target.listenHost}:{target.listenPort}
        </span>
      )}
      {target.kind === 'kubernetes' && (
        <>
          <span>{t.environments.namespace(target.namespace)}</span>
          {target.prometheusUrl === null && <span className="tag">{t.environments.noMetrics}</span>}
        </>
      )}
    </span>
  );
}

function CurrentRelease({ release }: { readonly release: ReleaseView }) {
  const t = useMessages();
  return (
    <div>
      <Link className="release-version" to={`/runs/${release.runId}`}>
        {release.version}
      </Link>
      <p className="soft row wrap">
        <span>
          <RelativeTime at={release.at} />, {t.environments.by} {release.by}
        </span>
        <Copyable value={release.commit} shown={shortCommit(release.commit)} />
        <Copyable value={release.image} shown={shortImage(release.image)} />
      </p>
    </div>
  );
}

interface HistoryRowProps {
  readonly release: ReleaseView;
  readonly isCurrent: boolean;
  readonly onRollBack: (to: ReleaseView) => void;
}

function HistoryRow({ release, isCurrent, onRollBack }: HistoryRowProps) {
  const t = useMessages();
  return (
    <li title={[release.image, release.commit, release.reason].filter(Boolean).join('\n')}>
      <StateBadge state={release.outcome} iconOnly />
      <Link className="link clip" to={`/runs/${release.runId}`}>
        {release.version}
      </Link>
      <span className="soft clip grow">
        {release.by} · <RelativeTime at={release.at} />
        {release.reason !== null && ` · ${release.reason}`}
      </span>
      {release.rolloutId !== undefined && (
        <Link
          className="link"
          to={`/rollouts/${release.rolloutId}`}
          aria-label={t.environments.evidenceOf(release.version)}
        >
          {t.environments.evidence}
        </Link>
      )}
      {isCurrent && <span className="tag accent">{t.environments.current}</span>}
      {!isCurrent && release.outcome === 'succeeded' && (
        <Button
          size="compact-xs"
          variant="subtle"
          aria-label={t.environments.rollBackTo(release.version)}
          onClick={() => onRollBack(release)}
        >
          {t.environments.rollBack}
        </Button>
      )}
    </li>
  );
}
