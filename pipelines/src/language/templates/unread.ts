import type { UseWork } from '../definition.ts';

/** Of a stage whose template could not be read, which was reported: nothing more can be said about it. */
export const unread: UseWork = {
  kind: 'use',
  template: { use: '', repository: null, path: '', commit: null },
  inputs: {},
  env: {},
  entry: { needs: [], if: null },
  stages: [],
  outputs: {},
};

export const isUnread = ({ template }: UseWork): boolean => template.use === '';
