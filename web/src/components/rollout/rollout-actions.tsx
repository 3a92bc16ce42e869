import { Button } from '@mantine/core';
import { useState } from 'react';
import type { RolloutView, Vote } from '@sluice/pipelines/protocol/api';
import { listed } from '@sluice/pipelines/rollout/fleet/plan-waves';
import { ApiError } from '../../api/api-error.ts';
import { paths } from '../../api/paths.ts';
import { useAction, type Action } from '../../api/use-action.ts';
import type { Messages } from '../../messages/en.ts';
import { useMessages } from '../../messages/language-context.tsx';
import { actionsIn, isDangerous, type RolloutActionName } from '../../state/rollout-actions.ts';
import { shortHash, shortImage } from '../copyable.tsx';
import { ReasonDialog } from '../reason-dialog.tsx';
import { useShortcuts } from '../use-shortcuts.ts';

/** A vote signs the decision that was shown when its dialog was opened, whatever has come in since. */
interface Asking {
  readonly name: RolloutActionName;
  readonly seenHash: string | null;
}

export function RolloutActions({ view }: { readonly view: RolloutView }) {
  const t = useMessages();
  const [asking, setAsking] = useState<Asking | null>(null);
  const send = useAction(() => setAsking(null));
  const names = actionsIn(view);
  const ask = (name: RolloutActionName) => {
    send.reset();
    setAsking({ name, seenHash: view.decisions.at(-1)?.hash ?? null });
  };
  useShortcuts({
    a: () => {
      if (names.includes('approve')) ask('approve');
    },
  });
  const words = asking === null ? null : wordsOf(asking.name, t, view);
  return (
    <>
      {names.map((name) => (
        <Button
          key={name}
          variant={name === 'approve' || name === 'resume' ? 'filled' : 'default'}
          className={isDangerous(name) ? 'danger-outline' : ''}
          rightSection={name === 'approve' ? <kbd>a</kbd> : null}
          onClick={() => ask(name)}
        >
          {wordsOf(name, t, view).action}
        </Button>
      ))}
      {asking !== null && words !== null && (
        <ReasonDialog
          {...words}
          isDanger={isDangerous(asking.name)}
          needsReason={asking.name !== 'approve'}
          error={explainRefusal(send.error, t)}
          isBusy={send.isPending}
          onConfirm={(reason) => send.mutate(requestOf(asking, view, reason))}
          onClose={() => setAsking(null)}
        >
          {asking.name === 'approve' && <Signed view={view} hash={asking.seenHash} />}
        </ReasonDialog>
      )}
    </>
  );
}

function Signed({ view, hash }: { readonly view: RolloutView; readonly hash: string | null }) {
  const t = useMessages();
  return (
    <dl className="facts">
      <dt>{t.rollout.image}</dt>
      <dd className="mono" title={view.rollout.spec.image}>
        {shortImage(view.rollout.spec.image)}
      </dd>
      <dt>{t.rollout.signs}</dt>
      <dd className="mono" title={hash ?? undefined}>
        {hash === null ? t.rollout.nothingToSign : shortHash(hash)}
      </dd>
    </dl>
  );
}

function requestOf({ name, seenHash }: Asking, view: RolloutView, reason: string): Action {
  const method = 'POST';
  if (name === 'abort') return { method, path: paths.abortRollout(view.id), body: { reason } };
  if (name === 'give-up') return { method, path: paths.giveUpRollout(view.id), body: { reason } };
  if (name === 'break-glass') return { method, path: paths.breakGlass(view.id), body: { reason } };
  if (name === 'hold') return { method, path: paths.holdRollout(view.id), body: { reason } };
  if (name === 'promote') return { method, path: paths.promoteRollout(view.id), body: { reason } };
  if (name === 'resume') return { method, path: paths.resumeRollout(view.id), body: { reason } };
  const body: Vote = {
    verdict: name === 'approve' ? 'approved' : 'rejected',
    reason: reason === '' ? null : reason,
    decisionHash: seenHash,
    image: view.rollout.spec.image,
  };
  return { method, path: paths.vote(view.runId, view.stage), body };
}

function wordsOf(name: RolloutActionName, t: Messages, view: RolloutView) {
  const words = wordsOfOne(name, t, view.rollout.spec.version);
  return view.clusters === undefined ? words : { ...words, ...wordsOfAll(name, t, view) };
}

/** Where several clusters are meant, what becomes of all of them. */
function wordsOfAll(name: RolloutActionName, { clusters: t }: Messages, view: RolloutView) {
  const promoted = (view.clusters ?? []).filter(({ canPromote }) => canPromote === true);
  switch (name) {
    case 'hold':
      return { title: t.holdTitle, explain: t.holdExplain };
    case 'promote': {
      const names = listed(promoted.map((cluster) => cluster.name));
      return { title: t.promoteTitle, explain: t.promoteExplain(view.rollout.spec.version, names) };
    }
    case 'resume':
      return view.rollout.fleet?.held === undefined ? {} : { explain: t.resumeExplain };
    case 'abort':
      return { explain: t.abortExplain };
    default:
      return {};
  }
}

function wordsOfOne(name: RolloutActionName, { rollout }: Messages, version: string) {
  return {
    approve: {
      action: rollout.approveAction,
      title: rollout.approveTitle,
      explain: rollout.approveExplain(version),
    },
    reject: { action: rollout.rejectAction, title: rollout.rejectTitle, explain: rollout.rejectExplain },
    hold: { action: rollout.holdAction, title: rollout.holdTitle, explain: rollout.holdExplain },
    promote: {
      action: rollout.promoteAction,
      title: rollout.promoteTitle,
      explain: rollout.promoteExplain(version),
    },
    resume: { action: rollout.resumeAction, title: rollout.resumeTitle, explain: rollout.resumeExplain },
    'break-glass': {
      action: rollout.breakGlassAction,
      title: rollout.breakGlassTitle,
      explain: rollout.breakGlassExplain,
    },
    'give-up': { action: rollout.giveUpAction, title: rollout.giveUpTitle, explain: rollout.giveUpExplain },
    abort: { action: rollout.abortAction, title: rollout.abortTitle, explain: rollout.abortExplain },
  }[name];
}

/** A vote for evidence that is no longer the newest is refused: the newest is shown by now. */
function explainRefusal(error: Error | null, t: Messages): Error | null {
  if (!(error instanceof ApiError) || error.reason !== 'stale-evidence') return error;
  return new ApiError(error.status, { reason: error.reason, message: t.rollout.changed });
}
