// A terminal with a shell behind it, from the first frame to the last word. Loaded only when somebody opens one.
import '@xterm/xterm/css/xterm.css';
import { useComputedColorScheme } from '@mantine/core';
import { FitAddon } from '@xterm/addon-fit';
import { Terminal } from '@xterm/xterm';
import { useEffect, useRef } from 'react';
import { paths } from '../../api/paths.ts';
import { openShellSocket, type ShellOver } from '../../api/shell-socket.ts';
import { socketUrl } from '../../api/socket-url.ts';
import { terminalTheme } from './terminal-theme.ts';

interface ShellTerminalProps {
  readonly attemptId: string;
  readonly label: string;
  readonly onOpened: () => void;
  readonly onEnded: (over: ShellOver) => void;
  /** The person wants the keyboard back. */
  readonly onLeave: () => void;
}

/** One shell: another one is another element, by its `key`. */
export function ShellTerminal({ attemptId, label, ...handlers }: ShellTerminalProps) {
  const box = useRef<HTMLDivElement>(null);
  const shown = useRef<Terminal | null>(null);
  const scheme = useComputedColorScheme('light');
  const newest = useRef(handlers);
  useEffect(() => {
    newest.current = handlers;
  });
  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const terminal = drawTerminal(element, label);
    shown.current = terminal;
    const fit = new FitAddon();
    terminal.loadAddon(fit);
    fit.fit();
    let isOver = false;
    const shell = openShellSocket(
      (size) => new WebSocket(socketUrl(paths.shell(attemptId, size))),
      { cols: terminal.cols, rows: terminal.rows },
      {
        opened: () => newest.current.onOpened(),
        output: (bytes, drawn) => terminal.write(bytes, drawn),
        ended: (over) => {
          isOver = true;
          terminal.options.disableStdin = true;
          terminal.write(hideCursor);
          newest.current.onEnded(over);
        },
      },
    );
    terminal.onData((text) => shell.type(new TextEncoder().encode(text)));
    terminal.onBinary((text) => shell.type(Uint8Array.from(text, (character) => character.charCodeAt(0))));
    terminal.onResize(({ cols, rows }) => shell.resize({ cols, rows }));
    terminal.attachCustomKeyEventHandler((event) => {
      if (event.shiftKey && event.key === 'F6') {
        event.preventDefault();
        if (event.type === 'keydown') newest.current.onLeave();
        return false;
      }
      const isCopy = event.ctrlKey && !event.shiftKey && event.key === 'c' && terminal.hasSelection();
      return !isOver && !isCopy;
    });
    const observer = new ResizeObserver(() => fit.fit());
    observer.observe(element);
    return () => {
      observer.disconnect();
      shell.close();
      terminal.dispose();
    };
  }, [attemptId, label]);
  useEffect(() => {
    if (box.current !== null && shown.current !== null)
      shown.current.options.theme = terminalTheme(box.current);
  }, [scheme]);
  return <div ref={box} className="shell-terminal" role="group" aria-label={label} />;
}

const hideCursor = '\u001b[?25l';

function drawTerminal(element: HTMLElement, label: string): Terminal {
  const terminal = new Terminal({
    fontFamily: window.getComputedStyle(element).fontFamily,
    fontSize: 13,
    cursorBlink: !window.matchMedia('(prefers-reduced-motion: reduce)').matches,
    scrollback: 10_000,
    minimumContrastRatio: 4.5,
    theme: terminalTheme(element),
  });
  terminal.open(element);
  terminal.textarea?.setAttribute('aria-label', label);
  // The dialog gives the keyboard to what bears this, so that whoever types at once types into the shell.
  terminal.textarea?.setAttribute('data-autofocus', 'true');
  return terminal;
}
