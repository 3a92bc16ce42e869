import { IconDownload } from '@tabler/icons-react';
import { Link } from 'react-router';
import type { ArtifactView, AttemptView } from '@sluice/pipelines/protocol/api';
import type { StageState, StepState } from '@sluice/pipelines/run/run-state';
import { paths } from '../api/paths.ts';
import { formatBytes } from '../format/figure.ts';
import { useMessages } from '../messages/language-context.tsx';
import { failureTitle } from '../state/failure-title.ts';
import { stageReason, stageSpan, type StageOfRun } from '../state/run-view.ts';
import { ApprovalVotes } from './approval-votes.tsx';
import { Copyable } from './copyable.tsx';
import { StageTests } from './stage-tests.tsx';
import { StateBadge } from './state-badge.tsx';
import { WaitWhy } from './wait-why.tsx';
import { Countdown, Duration } from './times.tsx';

interface StageDetailsProps {
  readonly stage: StageOfRun;
  readonly attempt: AttemptView | undefined;
  /** Null while there is no log to jump in. */
  readonly onStep: ((step: number) => void) | null;
}

/** State, reason, steps with times, files and outputs of a stage. */
export function StageDetails({ stage, attempt, onStep }: StageDetailsProps) {
  const t = useMessages();
  const { planned, state } = stage;
  const { startedAt, finishedAt } = stageSpan(state);
  return (
    <>
      <div>
        <div className="stage-title">
          <strong>{planned.id}</strong>
          <StateBadge state={stage.shown} />
          {startedAt !== null && (
            <span className="soft">
              <Duration from={startedAt} to={finishedAt} />
            </span>
          )}
        </div>
        {attempt !== undefined && (
          <p className="soft">
            {t.stage.attempt(attempt.attempt)}
            {attempt.worker !== null && ` ${t.stage.worker(attempt.worker)}`}
          </p>
        )}
      </div>
      <StageWhy stage={stage} />
      {stage.rolloutId !== null && (
        <Link className="link" to={`/rollouts/${stage.rolloutId}`}>
          {t.run.openRollout} →
        </Link>
      )}
      {state !== null && planned.work.kind === 'approve' && (
        <ApprovalVotes rule={planned.work.approval} votes={'votes' in state ? state.votes : []} />
      )}
      <StepTimes steps={stepsOf(state)} onStep={onStep} />
      {attempt?.reports !== undefined && <StageTests attempt={attempt} />}
      {attempt !== undefined && attempt.blobs.length > 0 && <Files attempt={attempt} />}
      {stage.artifacts.length > 0 && <Artifacts artifacts={stage.artifacts} />}
      {state?.status === 'succeeded' && <Outputs outputs={state.outputs} />}
    </>
  );
}

function StageWhy({ stage }: { readonly stage: StageOfRun }) {
  const t = useMessages();
  const { state } = stage;
  const reason = stageReason(stage);
  if (state?.status === 'failed')
    return (
      <div className="stage-failure">
        <strong>{t.stage.failureTitles[failureTitle(stage.planned.work, state, stage.shown)]}</strong>
        {state.failure.exitCode !== null && (
          <span className="soft"> · {t.stage.exit(state.failure.exitCode)}</span>
        )}
        <p>{state.failure.message}</p>
        {state.allowed && <p className="soft">{t.stage.allowed}</p>}
      </div>
    );
  return (
    <>
      {stage.wait !== null && <WaitWhy why={stage.wait} />}
      {stage.wait === null && reason !== null && <p className="stage-why soft">{reason}</p>}
      {state !== null && 'kept' in state && state.kept !== undefined && (
        <Link className="link" to={`/runs/${state.kept.runId}`}>
          {t.stage.openOrigin(state.kept.number)}
        </Link>
      )}
      {state?.status === 'retrying' && (
        <p className="soft">
          <Countdown at={state.dueAt} say={t.stage.dueAgain} />
        </p>
      )}
    </>
  );
}

function StepTimes({
  steps,
  onStep,
}: {
  readonly steps: readonly StepState[];
  readonly onStep: StageDetailsProps['onStep'];
}) {
  const t = useMessages();
  if (steps.length === 0) return null;
  return (
    <div>
      <h2>{t.stage.steps}</h2>
      <ol className="step-list">
        {steps.map((step, index) => (
          <li key={`${index} ${step.name}`}>
            <button
              type="button"
              disabled={onStep === null || step.status === 'waiting'}
              onClick={() => onStep?.(index)}
            >
              <StateBadge state={step.status} iconOnly />
              <span className="clip grow" title={step.name}>
                {step.name}
              </span>
              {'exitCode' in step && step.exitCode !== null && step.exitCode !== 0 && (
                <span className="tag">{t.stage.exit(step.exitCode)}</span>
              )}
              {step.status !== 'waiting' && (
                <span className="soft">
                  <Duration from={step.startedAt} to={'finishedAt' in step ? step.finishedAt : null} />
                </span>
              )}
            </button>
          </li>
        ))}
      </ol>
    </div>
  );
}

function Files({ attempt }: { readonly attempt: AttemptView }) {
  const t = useMessages();
  return (
    <div>
      <h2>{t.stage.files}</h2>
      <ul className="file-list">
        {attempt.blobs.map((blob) => (
          <li key={blob.name}>
            <a className="link" href={paths.blob(attempt.id, blob.name)} download={blob.name}>
              <IconDownload size={14} aria-hidden />
              <span className="clip">{blob.name}</span>
              <span className="soft">{formatBytes(blob.bytes)}</span>
            </a>
          </li>
        ))}
      </ul>
    </div>
  );
}

function Artifacts({ artifacts }: { readonly artifacts: readonly ArtifactView[] }) {
  const t = useMessages();
  return (
    <div>
      <h2>{t.stage.artifacts}</h2>
      <ul className="file-list">
        {artifacts.map((artifact) => (
          <li key={artifact.id}>
            {artifact.isExpired ? (
              <span className="soft">{t.stage.artifactExpired(artifact.fileCount)}</span>
            ) : (
              <a className="link" href={paths.artifact(artifact.id)} download>
                <IconDownload size={14} aria-hidden />
                <span className="clip">{t.stage.artifactFiles(artifact.fileCount)}</span>
                <span className="soft">{formatBytes(artifact.bytes)}</span>
              </a>
            )}
          </li>
        ))}
      </ul>
    </div>
  );
}

function Outputs({ outputs }: { readonly outputs: Readonly<Record<string, string>> }) {
  const t = useMessages();
  const entries = Object.entries(outputs);
  if (entries.length === 0) return null;
  return (
    <div>
      <h2>{t.stage.outputs}</h2>
      <dl className="facts">
        {entries.map(([name, value]) => (
          <div key={name} style={{ display: 'contents' }}>
            <dt>{name}</dt>
            <dd>
              <Copyable value={value} />
            </dd>
          </div>
        ))}
      </dl>
    </div>
  );
}

const stepsOf = (state: StageState | null): readonly StepState[] =>
  state !== null && 'steps' in state ? state.steps : [];
