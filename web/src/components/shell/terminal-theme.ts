import type { ITheme } from '@xterm/xterm';

/** The page's own colours for a terminal, as the style sheet has them now. */
export function terminalTheme(element: HTMLElement): ITheme {
  const style = window.getComputedStyle(element);
  const read = (name: string): string => style.getPropertyValue(name).trim();
  const ink = read('--ink');
  const colors = Object.fromEntries(
    names.flatMap((name) => {
      const color = read(`--ansi-${name}`);
      return [
        [name, color],
        [`bright${name.charAt(0).toUpperCase()}${name.slice(1)}`, name === 'white' ? ink : color],
      ];
    }),
  );
  return {
    ...colors,
    background: read('--log-ground'),
    foreground: ink,
    cursor: read('--accent'),
    cursorAccent: read('--log-ground'),
    selectionBackground: read('--mark'),
  };
}

const names = ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white'];
