// The pipeline of a trial: build, push, and one deployment.
import { intervalMs, type Place } from './place.ts';
import type { Trial } from './trial.ts';

export interface TrialPipeline {
  readonly place: Place;
  readonly trial: Pick<Trial, 'strategy' | 'keys' | 'fewestRequests'>;
  readonly perSecond: number;
  readonly baseImage: string;
  readonly registry: string;
}

const ungated = ['recreate', 'rolling'];

export function pipelineOf({ place, trial, perSecond, baseImage, registry }: TrialPipeline): string {
  const keys = [
    'environment: trials',
    'image: push',
    ...place.deployKeys,
    ...(ungated.includes(trial.strategy) ? [] : gateKeys(place, trial)),
    `strategy: ${trial.strategy}`,
    `interval: ${intervalMs / 1_000}s`,
    ...(trial.keys ?? canaryKeys(place, trial.fewestRequests / perSecond)),
    'drain: 2s',
    'deadline: 30m',
  ];
  return `name: trial
on: { push: {} }
stages:
  image:
    build: { file: Dockerfile, args: { BASE: '${baseImage}' } }
  push:
    needs: [image]
    push: { of: image, to: '${registry}/sluice-trial', tags: ['\${{ commit.short }}'] }
  production:
    needs: [push]
    deploy:
${keys.map((line) => `      ${line}\n`).join('')}`;
}

/** Half of all requests come to a shadow from its first second, and a process that has just begun answers slowly. */
function gateKeys({ gateKeys: keys }: Place, { strategy }: Pick<Trial, 'strategy'>): readonly string[] {
  if (strategy !== 'shadow') return keys;
  return keys.flatMap((line) =>
    line.startsWith('    worse_than:') ? [line, '    initial_delay: 10s'] : [line],
  );
}

/** `seconds`: how long the rollout has to last at least, over all its weights. */
function canaryKeys({ weights }: Place, seconds: number): readonly string[] {
  const pause = Math.ceil(seconds / weights.length);
  return [
    'on_inconclusive: abort',
    'steps:',
    ...weights.flatMap((weight) => [
      `  - set_weight: ${weight}`,
      '  - analysis: { for: 4m }',
      ...(pause > 0 ? [`  - pause: ${pause}s`] : []),
    ]),
  ];
}
