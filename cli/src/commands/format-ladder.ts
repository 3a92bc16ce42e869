import pc from 'picocolors';
import { ladderOf, rungInWords, type Standing } from '@sluice/pipelines/rollout/ladder';
import type { Rollout } from '@sluice/pipelines/rollout/rollout-state';

/** The strategy, and below it each step with where the rollout stands; without a line end. */
export function formatLadder(rollout: Rollout): string {
  const { environment, version, work } = rollout.spec;
  const head = `${names[work.strategy]} of ${version} to ${environment}: ${rollout.phase.name.replaceAll('-', ' ')}`;
  const rungs = ladderOf(rollout).map((rung) => {
    const line = `  ${signs[rung.standing]} ${rungInWords(rung)}`;
    return rung.standing === 'now' ? pc.bold(line) : rung.standing === 'done' ? line : pc.dim(line);
  });
  return [head, ...rungs, ...guardLine(rollout)].join('\n');
}

/** A rollout whose traffic nobody would give back if the engine died is worth a line; a guarded one is as it should be. */
function guardLine({ guard, phase }: Rollout): readonly string[] {
  const isOver = 'at' in phase;
  if (guard === undefined || guard.problem === null || isOver) return [];
  return [pc.yellow(`  not guarded: ${guard.problem}`)];
}

const names = {
  recreate: 'recreate',
  rolling: 'rolling update',
  'blue-green': 'blue-green',
  canary: 'canary',
  shadow: 'shadow',
  ab: 'A/B',
} as const satisfies Record<Rollout['spec']['work']['strategy'], string>;

const signs = {
  done: '✓',
  now: '▸',
  next: '·',
  later: '·',
  stopped: '✗',
  never: '–',
} as const satisfies Record<Standing, string>;
