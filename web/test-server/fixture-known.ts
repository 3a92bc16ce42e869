import { id } from './fixture-ids.ts';

/** The runs, rollouts and attempts that tests look at. */
export const known = {
  running: id('run', 418),
  matrix: id('run', 336),
  awaiting: id('run', 417),
  failed: id('run', 416),
  broken: id('run', 415),
  rolledBack: id('run', 414),
  held: id('run', 413),
  millionLines: id('run', 411),
  hundredThousandLines: id('run', 410),
  mismatch: id('run', 409),
  signOff: id('run', 408),
  rollout: id('rollout', 417),
  rolloutBack: id('rollout', 414),
  rolloutHeld: id('rollout', 413),
  rolloutFleet: id('rollout', 412),
  growing: id('attempt', 41_803),
  attemptOf: (run: number, stage: number) => id('attempt', run * 100 + stage),
} as const;
