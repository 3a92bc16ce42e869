import { expect, test } from 'vitest';
import { baseImages } from './base-images.ts';

test('every image that is not a stage of the file is a base', () => {
  const dockerfile = `
    # syntax=docker/dockerfile:1
    FROM --platform=linux/amd64 r.io/node:20 AS deps
    from deps as build
    COPY --from=deps /a /a
    COPY --from=0 /a /a
    COPY --chown=1 --from=r.io/tools:1 /t /t
    FROM scratch
    FROM r.io/node:20
  `;
  expect(baseImages(dockerfile, {})).toEqual(['r.io/node:20', 'r.io/tools:1']);
});

test('arguments before the first FROM are filled in, those given go before the defaults', () => {
  const dockerfile = `
    ARG REGISTRY=r.io
    ARG BASE="\${REGISTRY}/node:20" \\
        TAG
    FROM $BASE
    FROM \${REGISTRY}/x:\${TAG:-3}
    ARG LATE=r.io/late
    FROM \${LATE}
  `;
  expect(baseImages(dockerfile, {})).toEqual(['r.io/node:20', 'r.io/x:3']);
  expect(baseImages(dockerfile, { BASE: 'b.io/node', TAG: '4' })).toEqual(['b.io/node', 'r.io/x:4']);
});

test('text that is no Dockerfile has no bases', () => {
  expect(baseImages('', {})).toEqual([]);
  expect(baseImages('FROM\nFROM \nARG\nCOPY', {})).toEqual([]);
});
