import type { StageState } from '@sluice/pipelines/run/run-state';
import { paint } from './draw-run.ts';
import { safeText } from './fit-text.ts';
import { duration } from '../../duration.ts';
import { signs, tookMs, wordsOf, type RunPicture } from './run-picture.ts';
import type { RunView } from './run-view.ts';

/** Every line as it comes, with its stage before it: for files, pipes and CI. */
export function plainView(write: (text: string) => void, colour: boolean): RunView {
  const told = new Map<string, StageState>();
  const prefix = (stage: string, { plan }: RunPicture): string => {
    const width = plan.stages.reduce((widest, { id }) => Math.max(widest, Math.min(24, id.length)), 0);
    return `${stage.padEnd(width)} | `;
  };
  return {
    event: (_, picture) => {
      for (const stage of picture.plan.stages) {
        const state = picture.state.stages[stage.id];
        const before = told.get(stage.id);
        if (state === undefined || state === before) continue;
        told.set(stage.id, state);
        const line =
          state.status === before?.status ? stepLine(before, state) : stateLine(stage, state, picture);
        if (line !== null) write(`${paint(prefix(stage.id, picture) + line, state, colour)}\n`);
      }
    },
    log: (stage, _, lines, picture) => {
      const before = prefix(stage, picture);
      write(lines.map(([, , text]) => `${before}${safeText(text, colour)}\n`).join(''));
    },
    say: (line) => write(`${line}\n`),
    pause: () => {},
    resume: () => {},
    close: () => {},
  };
}

function stateLine(
  stage: Parameters<typeof wordsOf>[0],
  state: StageState,
  picture: RunPicture,
): string | null {
  if (state.status === 'waiting' || state.status === 'queued') return null;
  const ms = tookMs(state, picture.now);
  const took = ms === null || state.status === 'running' ? '' : ` in ${duration(ms)}`;
  const words = state.status === 'running' ? '' : safeText(wordsOf(stage, state, picture), false);
  const said = state.status.replace('-', ' ');
  return `${signs[state.status]} ${said}${took}${words === '' ? '' : `: ${words}`}`;
}

/** The step that has just begun. */
function stepLine(before: StageState, state: StageState): string | null {
  if (state.status !== 'running' || before.status !== 'running') return null;
  const index = state.steps.findIndex(
    (step, at) => step.status === 'running' && before.steps[at]?.status !== 'running',
  );
  const step = state.steps[index];
  return step === undefined ? null : `$ ${index + 1}/${state.steps.length} ${safeText(step.name, false)}`;
}
