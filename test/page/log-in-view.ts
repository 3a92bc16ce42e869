import type { Page } from 'playwright-core';

export interface ShownLine {
  /** From 1. */
  readonly number: number;
  readonly text: string;
  /** Distance of its upper edge from the top of the log's window, in pixels. */
  readonly top: number;
}

/** The rows of the log that are drawn, in the order of their numbers. */
export function shownLines(page: Page): Promise<readonly ShownLine[]> {
  return page.evaluate(() => {
    const box = document.querySelector('.log-rows');
    const origin = box?.getBoundingClientRect().top ?? 0;
    return [...document.querySelectorAll('.log-line')]
      .map((row) => ({
        number: Number(row.getAttribute('data-n')),
        text: row.querySelector('.log-text')?.textContent ?? '',
        top: row.getBoundingClientRect().top - origin,
      }))
      .toSorted((a, b) => a.number - b.number);
  });
}

/** What is wrong with the drawn rows: numbers not consecutive, texts of other lines, rows out of place. */
export function misplaced(lines: readonly ShownLine[]): readonly string[] {
  return lines.flatMap((line, index) => {
    const before = lines[index - 1];
    const faults: string[] = [];
    if (before !== undefined && line.number !== before.number + 1)
      faults.push(`${line.number} follows ${before.number}`);
    if (before !== undefined && Math.abs(line.top - before.top - 18) > 1)
      faults.push(`${line.number} stands ${line.top - before.top} px below the line before it`);
    if (line.number > 3 && !line.text.startsWith(`line ${line.number} `))
      faults.push(`${line.number} shows "${line.text}"`);
    return faults;
  });
}

/** `part`: 0 is the first line, 1 the last. Resolves when the browser has drawn the new place. */
export function scrollLogTo(page: Page, part: number): Promise<void> {
  return page.evaluate(async (share) => {
    const box = document.querySelector('.log-rows');
    if (box !== null) box.scrollTop = (box.scrollHeight - box.clientHeight) * share;
    for (let frame = 0; frame < 2; frame += 1) await new Promise((drawn) => requestAnimationFrame(drawn));
  }, part);
}
