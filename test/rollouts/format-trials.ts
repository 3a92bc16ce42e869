// docs/rollouts.md: what the trials have shown.
import { mostFailedShare, type TrialOutcome } from './trial.ts';

export interface TrialReport {
  readonly at: Date;
  readonly machine: string;
  readonly perSecond: number;
  readonly intervalMs: number;
  readonly byProvider: ReadonlyMap<string, readonly TrialOutcome[]>;
}

export function formatTrials({ at, machine, perSecond, intervalMs, byProvider }: TrialReport): string {
  const all = [...byProvider.values()].flat();
  const wrong = all.filter(({ problems }) => problems.length > 0);
  return [
    '# Rollouts under load',
    '',
    `Written by \`npm run test:rollouts\`. Each row is one rollout of a new version of a service while ${perSecond} requests a second reach it, measured by who sent them: a request has failed when its answer was an error or did not come. A good version has to be promoted with at least ${100 - mostFailedShare * 100} % of all requests of the whole rollout answered well; a bad one has to be rolled back. "Bad for" is the time from the first look at the metrics that showed it to be bad (they are read every ${intervalMs / 1_000} s) to the last answer that a user got from it, and "evidence" the part of it that passed until the decision. Every rollout's decisions were made again from its stored evidence and were the same, byte for byte, unless the row says otherwise. The metrics of a shadow have \`initial_delay: 10s\`: copies of half of all requests come to it from its first second, and a process that has just begun answers slowly.`,
    '',
    `${at.toISOString().slice(0, 10)} · ${machine} · ${all.length} rollouts, ${all.length - wrong.length} right, ${wrong.length} wrong.`,
    '',
    '| traffic | strategy | new version | ended | requests | failed | success | answered by it | took | bad for | evidence | |',
    '| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |',
    ...[...byProvider].flatMap(([provider, outcomes]) => outcomes.map((outcome) => rowOf(provider, outcome))),
    '',
    ...reasons(byProvider),
  ].join('\n');
}

export function rowOf(provider: string, outcome: TrialOutcome): string {
  const { trial, phase, requests, failed, newAnswers, tookMs, badForMs, evidenceMs, problems } = outcome;
  const success = requests === 0 ? '–' : `${(((requests - failed) / requests) * 100).toFixed(4)} %`;
  const cells = [
    provider,
    trial.strategy,
    trial.version,
    phase,
    String(requests),
    String(failed),
    success,
    String(newAnswers),
    seconds(tookMs),
    badForMs === null ? '–' : seconds(badForMs),
    evidenceMs === null ? '–' : seconds(evidenceMs),
    problems.length === 0 ? 'right' : `**wrong**: ${problems.join('; ')}`,
  ];
  return `| ${cells.join(' | ')} |`;
}

function reasons(byProvider: TrialReport['byProvider']): readonly string[] {
  const told = [...byProvider].flatMap(([provider, outcomes]) =>
    outcomes.flatMap(({ trial, why }) =>
      why === null ? [] : [`- ${provider}, ${trial.strategy}, ${trial.version}: ${why}`],
    ),
  );
  return told.length === 0 ? [] : ['What the versions that went back were told:', '', ...told, ''];
}

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;
