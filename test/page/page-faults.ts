import type { Page } from 'playwright-core';

/** Collects what a page must never do: errors on its console, uncaught errors, violations of its policy. */
export function watchFaults(page: Page): readonly string[] {
  const faults: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') faults.push(message.text());
  });
  page.on('pageerror', (error) => faults.push(error.message));
  return faults;
}

/** Things to operate that a screen reader could not name. */
export function namelessControls(page: Page): Promise<readonly string[]> {
  return page.evaluate(() => {
    const labelled = (element: Element): boolean => {
      const text = element.textContent?.trim() ?? '';
      const input = element instanceof HTMLInputElement || element instanceof HTMLTextAreaElement;
      const hasLabel = input && (element.labels?.length ?? 0) > 0;
      return (
        (!input && text !== '') ||
        hasLabel ||
        (element.getAttribute('aria-label') ?? '') !== '' ||
        (element.getAttribute('aria-labelledby') ?? '') !== ''
      );
    };
    return [...document.querySelectorAll('a[href], button, input:not([type=hidden]), textarea, [role=img]')]
      .filter((element) => element.closest('[aria-hidden=true]') === null && !labelled(element))
      .map((element) => element.outerHTML.slice(0, 160));
  });
}
