import type { ManualStartsView } from '@sluice/pipelines/protocol/api';
import { brokenFile } from './fixture-diagnostics.ts';
import { digest } from './fixture-ids.ts';

/** By repository and branch: inputs of every kind beside a pipeline without any; nothing by hand; a broken file. */
export const fixtureStarts: ReadonlyMap<string, ManualStartsView> = new Map([
  [
    'acme/shop main',
    starts([
      {
        kind: 'startable',
        file: '.sluice.yml',
        pipeline: 'ci',
        inputs: [
          {
            name: 'level',
            type: 'choice',
            options: ['debug', 'info'],
            default: 'info',
            description: 'How much is logged',
            isRequired: false,
          },
          { name: 'rounds', type: 'number', default: null, isRequired: true },
          {
            name: 'dry_run',
            type: 'boolean',
            default: false,
            description: 'Stop before anything is published',
            isRequired: false,
          },
          { name: 'note', type: 'string', default: 'none', isRequired: false },
          { name: 'target', type: 'environment', default: null, isRequired: true },
        ],
      },
      { kind: 'startable', file: '.sluice/nightly.yml', pipeline: 'nightly', inputs: [] },
      { kind: 'not-by-hand', file: '.sluice/release.yml', pipeline: 'release' },
    ]),
  ],
  ['acme/tools main', starts([{ kind: 'not-by-hand', file: '.sluice.yml', pipeline: 'tools' }])],
  [
    'acme/shop broken',
    starts([{ kind: 'broken', file: '.sluice.yml', pipeline: '.sluice.yml', diagnostics: brokenFile }]),
  ],
]);

function starts(pipelines: ManualStartsView['pipelines']): ManualStartsView {
  const commit = { sha: digest('commit 418').slice(0, 40), message: 'Keep the cart', author: 'Jonas Berg' };
  return { commit, pipelines, environments: ['preview', 'production', 'staging'] };
}
