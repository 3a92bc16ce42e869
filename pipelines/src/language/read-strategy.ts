// What each strategy does between the first replica and the promotion, and which keys belong to it.
import type { RequestMatch, RolloutStep, Strategy } from './definition.ts';
import { field, nameOf, type Fields } from './fields.ts';
import { strategies } from './keys/deploy-keys.ts';
import { readRequestMatch } from './read-request-match.ts';
import { defaultCanarySteps, readRolloutSteps } from './read-rollout-steps.ts';
import { readDuration, readPercent } from './read-units.ts';
import { readChoice } from './read-values.ts';
import { report } from './reading.ts';

/** The keys of a stage that mean nothing with every other strategy. */
const keysOf: Readonly<Record<string, readonly Strategy[]>> = {
  steps: ['canary', 'blue-green', 'ab', 'shadow'],
  metrics: ['canary', 'blue-green', 'ab', 'shadow'],
  match: ['ab'],
  mirror: ['shadow'],
  for: ['ab', 'shadow'],
  afterwards: ['ab', 'shadow'],
};

export function readStrategy(fields: Fields): Strategy {
  const strategy = field(fields, 'strategy', readChoice(strategies), 'rolling');
  for (const [key, wanted] of Object.entries(keysOf)) {
    const entry = fields.entries.get(key);
    if (entry === undefined || wanted.includes(strategy)) continue;
    const those = wanted.map((name) => `strategy: ${name}`).join(' or ');
    const message = `${nameOf(fields, key)} belongs to ${those}. Add that, or remove ${key}.`;
    report(fields.reading, entry.keySpan, 'conflicting-keys', message);
  }
  return strategy;
}

/** Written steps say it all; without them, those that the strategy is made of. */
export function readStepsOf(fields: Fields, strategy: Strategy): readonly RolloutStep[] {
  const match = field(fields, 'match', readRequestMatch, []);
  const percent = field(fields, 'mirror', readPercent(1, 100), 10);
  const forMs = field(fields, 'for', readDuration(1_000), 3_600_000);
  if (fields.entries.has('steps')) {
    const steps = field(fields, 'steps', readRolloutSteps, []);
    checkWritten(fields, strategy, steps);
    return steps;
  }
  const compare: RolloutStep = { kind: 'analysis', forMs, whole: true };
  switch (strategy) {
    case 'canary':
      return defaultCanarySteps;
    case 'ab':
      checkMatch(fields, match);
      return [{ kind: 'set-route', match }, compare];
    case 'shadow':
      return [{ kind: 'set-mirror', percent }, compare];
    default:
      return [];
  }
}

function checkWritten(fields: Fields, strategy: Strategy, steps: readonly RolloutStep[]): void {
  const entry = fields.entries.get('steps');
  if (entry === undefined) return;
  for (const key of ['match', 'mirror', 'for']) {
    const other = fields.entries.get(key);
    if (other === undefined || keysOf[key]?.includes(strategy) !== true) continue;
    const message = `${nameOf(fields, key)} and steps say the same. Remove ${key}, or let it stand alone.`;
    report(fields.reading, other.keySpan, 'conflicting-keys', message);
  }
  if (strategy === 'canary' || !steps.some(({ kind }) => kind === 'set-weight')) return;
  const message = `${nameOf(fields, 'steps')}: set_weight belongs to strategy: canary; ${strategy} gives all traffic at once, after the last step. Remove set_weight, or change the strategy.`;
  report(fields.reading, entry.keySpan, 'conflicting-keys', message);
}

function checkMatch({ entries, node, reading, label }: Fields, match: readonly RequestMatch[]): void {
  if (entries.has('match') || match.length > 0) return;
  const at = entries.get('strategy')?.keySpan ?? { start: node.start, end: node.start + 1 };
  const message = `${label} does not say whose requests try the new version. Add match: { cookie: { group: b } }.`;
  report(reading, at, 'missing-key', message);
}
