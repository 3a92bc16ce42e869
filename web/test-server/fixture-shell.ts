// The shells of the fixture server: the protocol of `/shell/:attemptId`, with a terminal that understands little.
import {
  shellRequest,
  terminalSize,
  type ShellEnd,
  type ShellNews,
  type TerminalSize,
} from '@sluice/pipelines/protocol/shell';
import type { Server } from 'node:http';
import { WebSocketServer, type WebSocket } from 'ws';

export interface ShellDoor {
  /** What the next ones are refused with; null: nothing. */
  readonly refuseWith: (end: Omit<ShellEnd, 'kind'> | null) => void;
  /** Ends the open ones as the server does. */
  readonly end: (end: Omit<ShellEnd, 'kind'>) => void;
  /** Ends the open ones without a word. */
  readonly cut: () => void;
  /** The attempts that shells were asked for in, in order. */
  readonly asked: readonly string[];
  /** Shells that are open now. */
  readonly open: () => number;
}

export function serveShells(server: Server): ShellDoor {
  const sockets = new WebSocketServer({ noServer: true });
  const asked: string[] = [];
  let refusal: Omit<ShellEnd, 'kind'> | null = null;
  server.on('upgrade', (request, socket, head) => {
    const address = new URL(request.url ?? '/', 'http://localhost');
    const attemptId = /^\/shell\/([^/]+)$/.exec(address.pathname)?.[1];
    if (attemptId === undefined) return;
    asked.push(attemptId);
    const size = terminalSize.parse({
      cols: Number(address.searchParams.get('cols')),
      rows: Number(address.searchParams.get('rows')),
    });
    sockets.handleUpgrade(request, socket, head, (person) => {
      if (refusal === null) converse(person, size);
      else finish(person, refusal);
    });
  });
  return {
    refuseWith: (end) => (refusal = end),
    end: (end) => sockets.clients.forEach((person) => finish(person, end)),
    cut: () => sockets.clients.forEach((person) => person.terminate()),
    asked,
    open: () => sockets.clients.size,
  };
}

/** Shows what is typed, and answers each line. */
function converse(person: WebSocket, first: TerminalSize): void {
  let size = first;
  let line = '';
  const write = (text: string): void => person.send(Buffer.from(text), { binary: true });
  const tell = (news: ShellNews): void => person.send(JSON.stringify(news));
  const prompt = '\u001b[32m/workspace\u001b[0m # ';
  const press = (key: string): void => {
    if (key === '\u001b') return write('^[');
    if (key === '\t') return write('^I');
    if (key !== '\r') {
      line += key;
      return write(key);
    }
    write('\r\n');
    const typed = line.trim();
    line = '';
    const exit = /^exit ?(\d*)$/.exec(typed);
    if (exit !== null) {
      const exitCode = Number(exit[1] ?? 0);
      return finish(person, {
        reason: 'exited',
        message: `the shell ended with exit code ${exitCode}`,
        exitCode,
      });
    }
    write(answer(typed, size) + prompt);
  };
  person.on('message', (data, isBinary) => {
    if (!Buffer.isBuffer(data)) return;
    if (isBinary) return Array.from(data.toString()).forEach(press);
    const request = shellRequest.safeParse(JSON.parse(data.toString()));
    if (request.success) size = { cols: request.data.cols, rows: request.data.rows };
  });
  tell({ kind: 'opened' });
  write(prompt);
}

function answer(typed: string, { cols, rows }: TerminalSize): string {
  if (typed === '') return '';
  if (typed === 'stty size') return `${rows} ${cols}\r\n`;
  if (typed === 'ls --color')
    return colors.map((name, n) => `\u001b[${31 + n}m${name}\u001b[0m`).join('  ') + '\r\n';
  const echo = /^echo (.*)$/.exec(typed);
  if (echo === null) return `sh: ${typed}: not found\r\n`;
  const words = (echo[1] ?? '').replaceAll(
    /\$\(\((\d+)\+(\d+)\)\)/g,
    (_all, a, b) => `${Number(a) + Number(b)}`,
  );
  return `${words}\r\n`;
}

const colors = ['coverage', 'node_modules', 'package.json', 'src', 'test', 'tsconfig.json'];

function finish(person: WebSocket, end: Omit<ShellEnd, 'kind'>): void {
  person.send(JSON.stringify({ kind: 'ended', ...end } satisfies ShellNews));
  person.close(1000);
}
