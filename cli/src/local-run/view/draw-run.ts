import type { PlannedStage } from '@sluice/pipelines/plan/plan';
import type { StageState } from '@sluice/pipelines/run/run-state';
import pc from 'picocolors';
import { fitText, safeText, widthOfText } from './fit-text.ts';
import { duration } from '../../duration.ts';
import { depths, signs, tookMs, wordsOf, type RunPicture } from './run-picture.ts';

export interface Screen {
  readonly columns: number;
  readonly rows: number;
  readonly colour: boolean;
}

/**
 * The whole run as lines that fit the screen: a title, then a line for each stage, indented by what it needs. Where there
 * are more stages than rows, those that run or failed are shown and the others are counted.
 */
export function drawRun(picture: RunPicture, screen: Screen): readonly string[] {
  const { plan, state } = picture;
  const shown = plan.stages.flatMap((stage) => {
    const its = state.stages[stage.id];
    return its === undefined ? [] : [{ stage, state: its }];
  });
  const room = Math.max(3, screen.rows - 3);
  const left = shown.length <= room ? [] : shown.toSorted(byUrgency).slice(room - 1);
  const hidden = new Set(left.map(({ stage }) => stage.id));
  const deep = depths(plan);
  const indent = (id: string): string => '  '.repeat(Math.min(6, deep.get(id) ?? 0));
  const names = Math.min(
    Math.floor(screen.columns / 2),
    shown.reduce((widest, { stage }) => Math.max(widest, widthOfText(indent(stage.id) + stage.id)), 0),
  );
  return [
    title(picture, screen),
    ...shown
      .filter(({ stage }) => !hidden.has(stage.id))
      .map((each) =>
        stageLine(picture, screen, { ...each, name: indent(each.stage.id) + each.stage.id, names }),
      ),
    ...(left.length === 0 ? [] : [fitText(`  … ${count(left.map((each) => each.state))}`, screen.columns)]),
  ];
}

function title({ plan, state, now }: RunPicture, { columns, colour }: Screen): string {
  const colours = pc.createColors(colour);
  const ended = Object.values(state.stages).filter((stage) => 'finishedAt' in stage).length;
  const took = duration((state.finishedAt ?? now) - state.startedAt);
  const cancelled = state.cancel === null ? '' : ', stopping';
  return colours.bold(
    fitText(`${plan.pipeline}: ${ended} of ${plan.stages.length} stages ended${cancelled}, ${took}`, columns),
  );
}

interface StageLine {
  readonly stage: PlannedStage;
  readonly state: StageState;
  readonly name: string;
  /** Width of the column of names. */
  readonly names: number;
}

function stageLine(picture: RunPicture, { columns, colour }: Screen, line: StageLine): string {
  const { stage, state, names } = line;
  const name = fitText(line.name, names);
  const padded = name + ' '.repeat(names - widthOfText(name));
  const ms = tookMs(state, picture.now);
  const time = (ms === null ? '' : duration(ms)).padStart(7);
  const head = `${signs[state.status]} ${padded} ${time}  `;
  const words = fitText(
    safeText(wordsOf(stage, state, picture).split('\n')[0] ?? '', false),
    Math.max(0, columns - widthOfText(head) - 1),
  );
  if (words === '') return paint(head.trimEnd(), state, colour);
  return paint(head, state, colour) + pc.createColors(colour).dim(words);
}

export function paint(text: string, { status }: Pick<StageState, 'status'>, colour: boolean): string {
  const colours = pc.createColors(colour);
  const paints = {
    waiting: colours.dim,
    queued: colours.dim,
    running: colours.blue,
    retrying: colours.yellow,
    'awaiting-approval': colours.magenta,
    succeeded: colours.green,
    failed: colours.red,
    cancelled: colours.yellow,
    skipped: colours.dim,
  } as const satisfies Record<StageState['status'], (text: string) => string>;
  return paints[status](text);
}

const urgency = {
  failed: 0,
  running: 1,
  'awaiting-approval': 1,
  retrying: 2,
  queued: 3,
  cancelled: 4,
  waiting: 5,
  succeeded: 6,
  skipped: 7,
} as const satisfies Record<StageState['status'], number>;

const byUrgency = (a: { readonly state: StageState }, b: { readonly state: StageState }): number =>
  urgency[a.state.status] - urgency[b.state.status];

function count(states: readonly StageState[]): string {
  const counts = new Map<string, number>();
  for (const { status } of states) counts.set(status, (counts.get(status) ?? 0) + 1);
  return [...counts].map(([status, number]) => `${number} ${status}`).join(', ');
}
