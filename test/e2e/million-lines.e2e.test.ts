// A log of a million lines: complete, followed live by a browser's socket, cut and resumed ten times in the middle.
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LiveMessage } from '@sluice/pipelines/protocol/live';
import type { RunView } from '@sluice/pipelines/protocol/api';
import { openLive, type LiveViewer } from '../rig/live.ts';
import { endedRun, eventually, runOf, startSluice, type SluiceRig } from '../rig/sluice.ts';

const image = process.env['TEST_IMAGE'] ?? 'lab/busybox:1';
const lineCount = 1_000_000;
const cuts = 10;
let sluice: SluiceRig;

beforeAll(async () => {
  sluice = await startSluice();
});
afterAll(async () => {
  await sluice[Symbol.asyncDispose]();
});

test('a million lines arrive complete, and a viewer that is cut ten times misses and repeats none', async () => {
  const repository = await sluice.repository('million');
  const commit = await repository.push({
    '.sluice.yml': `name: million\non: { push: {} }\nstages:\n  flood: { image: '${image}', steps: [seq 1 ${lineCount}] }\n`,
  });
  const { id } = await runOf(sluice.api, commit);
  const attemptId = await eventually('the attempt', async () => {
    const run = await sluice.api.call<RunView>('GET', `/api/runs/${id}`);
    return run.attempts[0]?.id;
  });

  const seen = await follow(attemptId);
  const run = await endedRun(sluice.api, commit);

  expect(run.status).toBe('succeeded');
  const log = run.attempts[0]?.log;
  expect(log?.verified).toBe(true);
  expect(seen.cuts).toBe(cuts);
  expect(seen.outOfOrder).toBe(0);
  expect(seen.lines).toBe(log?.lines);
  expect(seen.digest).toBe(log?.digest);
  expect(seen.counted).toBe(lineCount);
  console.log(
    `million lines: ${seen.lines} lines followed with ${seen.cuts} cuts in ${(seen.ms / 1_000).toFixed(1)} s, digest ${seen.digest.slice(0, 12)} agrees`,
  );
});

interface Seen {
  lines: number;
  /** Lines of the step itself that came in their order, 1 to a million. */
  counted: number;
  outOfOrder: number;
  cuts: number;
  digest: string;
  ms: number;
}

/** Follows to the end by line numbers, as the page does, cutting the connection after every eleventh of the lines. */
async function follow(attemptId: string): Promise<Seen> {
  const startedAt = performance.now();
  const hash = createHash('sha256');
  const seen: Seen = { lines: 0, counted: 0, outOfOrder: 0, cuts: 0, digest: '', ms: 0 };
  for (let isComplete = false; !isComplete;) {
    isComplete = await new Promise<boolean>((resolve) => {
      let viewer: LiveViewer | null = null;
      let isCut = false;
      const onMessage = (message: LiveMessage) => {
        if (isCut) return;
        if (message.kind === 'log') {
          for (const line of message.lines) {
            if (line.n !== seen.lines) seen.outOfOrder += 1;
            seen.lines += 1;
            if (line.text === String(seen.counted + 1)) seen.counted += 1;
            hash.update(line.text).update('\n');
          }
          if (seen.cuts < cuts && seen.lines > ((seen.cuts + 1) * lineCount) / (cuts + 1)) {
            seen.cuts += 1;
            isCut = true;
            viewer?.cut();
            resolve(false);
          }
        }
        if (message.kind === 'log-complete') {
          viewer?.cut();
          resolve(true);
        }
      };
      void openLive(sluice.api, onMessage).then((opened) => {
        viewer = opened;
        opened.send({ kind: 'watch-log', attemptId, from: seen.lines });
      });
    });
  }
  return { ...seen, digest: hash.digest('hex'), ms: performance.now() - startedAt };
}
