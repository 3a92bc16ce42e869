// What people say of all clusters at once, as the rollout of one of them hears it. Words are numbered by the rollout that
// leads: each is followed once, and none that a later one has overtaken, in whatever order they come.
import { waitForPerson } from './enter-step.ts';
import { change, say, stay, type Move } from './move.ts';
import { goOnFrom, promoteBy } from './people.ts';
import type { Rollout, SteerEvent } from './rollout-state.ts';
import { canStillWait, whyNotPromotedWithAll } from './steering-alone.ts';

export interface WordOfAll extends SteerEvent {
  readonly word: number;
}

export const isOfAll = (event: SteerEvent): event is WordOfAll => event.word !== undefined;

export function hearOfAll(rollout: Rollout, event: WordOfAll): Move {
  if (event.word <= (rollout.saidOfAll?.word ?? 0)) return stay(rollout);
  switch (event.kind) {
    case 'hold-requested':
      return holdWithAll(rollout, event);
    case 'resume-requested':
      return resumeWithAll(rollout, event);
    case 'promote-requested':
      return promoteWithAll(rollout, event);
  }
}

/** It waits as soon as it can, also where something else holds it now; one that is past its last step goes to its end. */
function holdWithAll(rollout: Rollout, event: WordOfAll): Move {
  if (!canStillWait(rollout)) return stay(rollout);
  const { by, reason, word, at } = event;
  const heard = change(stay(rollout), { saidOfAll: { word, hold: { by, reason } } });
  const { phase, step } = rollout;
  if (phase.name === 'analysing') return waitForPerson(heard, { kind: 'step', step }, event, at);
  if (phase.name === 'paused' && phase.until !== null)
    return waitForPerson(heard, { kind: 'step', step: step + 1 }, event, at);
  return say(heard, `${by} holds all clusters: it waits before the next step: ${reason}`);
}

/** What a person holds by itself stays held. */
function resumeWithAll(rollout: Rollout, event: WordOfAll): Move {
  const { phase } = rollout;
  const heard = change(stay(rollout), { saidOfAll: { word: event.word } });
  const isHeldWithAll = phase.name === 'paused' && phase.held?.word !== undefined;
  return isHeldWithAll ? goOnFrom(heard, phase.held?.next, event) : heard;
}

/** Where it cannot be followed, an earlier word that comes late still counts. */
function promoteWithAll(rollout: Rollout, event: WordOfAll): Move {
  const { word } = event;
  const before = rollout.saidOfAll ?? { word: 0 };
  if (word <= (before.refused ?? 0)) return stay(rollout);
  const whyNot = whyNotPromotedWithAll(rollout);
  if (whyNot === null) return promoteBy(change(stay(rollout), { saidOfAll: { word } }), event);
  const heard = change(stay(rollout), { saidOfAll: { ...before, refused: word } });
  return say(heard, `not promoted with the other clusters: ${whyNot}`);
}
