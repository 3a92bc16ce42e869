import { drawRun, type Screen } from './draw-run.ts';
import { safeText } from './fit-text.ts';
import type { RunPicture } from './run-picture.ts';
import type { RunView } from './run-view.ts';

const everyMs = 100;

/** The run as one picture that changes on its place; times go on between events. */
export function liveView(
  write: (text: string) => void,
  screen: () => Screen,
  pictureNow: () => RunPicture | null,
): RunView {
  let drawn = 0;
  let isPaused = false;
  const erase = (): string => (drawn === 0 ? '' : `\u001b[${drawn}A\u001b[0J`);
  const draw = (picture: RunPicture): void => {
    const lines = drawRun(picture, screen());
    write(`${erase()}${lines.join('\n')}\n`);
    drawn = lines.length;
  };
  const timer = setInterval(() => {
    const picture = pictureNow();
    if (!isPaused && picture !== null) draw(picture);
  }, everyMs);
  timer.unref();
  const clear = (): void => {
    write(erase());
    drawn = 0;
  };
  return {
    event: () => {},
    log: () => {},
    say: (line) => {
      clear();
      write(`${safeText(line, true)}\n`);
    },
    pause: () => {
      isPaused = true;
      const picture = pictureNow();
      if (picture !== null) draw(picture);
      drawn = 0;
    },
    resume: () => void (isPaused = false),
    close: (picture) => {
      clearInterval(timer);
      if (picture !== null) draw(picture);
      else clear();
    },
  };
}
