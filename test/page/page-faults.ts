import type { Page } from 'playwright-core';

/**
 * Collects what a page must never do: errors on its console, uncaught errors, violations of its policy. That the browser has
 * dropped a request is none of its doing: Chromium does so whenever an interface of the machine comes or goes, which those of
 * containers beside it do. What the page does then is seen by what it shows.
 */
export function watchFaults(page: Page): readonly string[] {
  const faults: string[] = [];
  page.on('console', (message) => {
    const text = message.text();
    if (message.type() === 'error' && !text.includes('net::ERR_NETWORK_CHANGED')) faults.push(text);
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
