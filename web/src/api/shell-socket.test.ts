import { expect, test } from 'vitest';
import { openShellSocket, type RawSocket, type ShellOver } from './shell-socket.ts';

/** A socket whose other side is the test. */
class FakeSocket extends EventTarget implements RawSocket {
  binaryType: BinaryType = 'blob';
  readyState: RawSocket['readyState'] = 0;
  readonly sent: unknown[] = [];
  send(data: string | ArrayBufferLike | Blob | ArrayBufferView): void {
    if (this.readyState !== 1) throw new Error('the socket is not open');
    this.sent.push(typeof data === 'string' ? JSON.parse(data) : textOf(data));
  }
  close(): void {
    this.readyState = 3;
  }
  open(): void {
    this.readyState = 1;
    this.dispatchEvent(new Event('open'));
  }
  hear(data: unknown): void {
    this.dispatchEvent(new MessageEvent('message', { data }));
  }
  drop(): void {
    this.readyState = 3;
    this.dispatchEvent(new Event('close'));
  }
}

const bytes = (text: string) => new TextEncoder().encode(text);
const textOf = (data: unknown): string =>
  data instanceof Uint8Array ? new TextDecoder().decode(data) : String(data);

function aShell() {
  const socket = new FakeSocket();
  const seen: { opened: number; output: string; over: ShellOver[] } = { opened: 0, output: '', over: [] };
  const undrawn: (() => void)[] = [];
  const shell = openShellSocket(
    () => socket,
    { cols: 80, rows: 24 },
    {
      opened: () => (seen.opened += 1),
      output: (chunk, drawn) => {
        seen.output += textOf(chunk);
        undrawn.push(drawn);
      },
      ended: (over) => seen.over.push(over),
    },
  );
  return { socket, shell, seen, undrawn };
}

test('what is typed before the shell is open is sent in order when it is', () => {
  const { socket, shell, seen } = aShell();
  shell.type(bytes('l'));
  socket.open();
  shell.type(bytes('s'));
  expect(socket.sent).toEqual([]);
  socket.hear('{"kind":"opened"}');
  shell.type(bytes('\r'));
  expect(socket.sent).toEqual(['l', 's', '\r']);
  expect(seen.opened).toBe(1);
});

test('a size that changed while it connected is told once it can be', () => {
  const { socket, shell } = aShell();
  shell.resize({ cols: 100, rows: 30 });
  shell.resize({ cols: 120, rows: 40 });
  socket.open();
  expect(socket.sent).toEqual([{ kind: 'resize', cols: 120, rows: 40 }]);
  shell.resize({ cols: 90, rows: 20 });
  expect(socket.sent).toHaveLength(2);
});

test('the server’s last word is the end, and the closing after it is not another one', () => {
  const { socket, shell, seen } = aShell();
  socket.open();
  socket.hear('{"kind":"opened"}');
  socket.hear(bytes('bye').buffer);
  const end = { kind: 'ended', reason: 'idle', message: 'nothing was typed', exitCode: null } as const;
  socket.hear(JSON.stringify(end));
  socket.drop();
  shell.type(bytes('more'));
  expect(seen.output).toBe('bye');
  expect(seen.over).toEqual([end]);
  expect(socket.sent).toEqual([]);
});

test('a connection that never was is told from one that was cut', () => {
  const refused = aShell();
  refused.socket.drop();
  expect(refused.seen.over).toEqual([{ kind: 'unreachable' }]);
  const cut = aShell();
  cut.socket.open();
  cut.socket.drop();
  expect(cut.seen.over).toEqual([{ kind: 'cut' }]);
});

test('a shell that the person closed says nothing more', () => {
  const { socket, shell, seen } = aShell();
  socket.open();
  shell.close();
  socket.hear('{"kind":"opened"}');
  socket.drop();
  expect(seen).toEqual({ opened: 0, output: '', over: [] });
});

test('output waits while the terminal is more than a megabyte behind, and goes on when it has caught up', () => {
  const { socket, undrawn } = aShell();
  socket.open();
  socket.hear('{"kind":"opened"}');
  for (let n = 0; n < 20; n += 1) socket.hear(new ArrayBuffer(64 * 1024));
  expect(socket.sent).toEqual([{ kind: 'flow', isPaused: true }]);
  for (const drawn of undrawn.splice(0, 18)) drawn();
  expect(socket.sent).toHaveLength(1);
  for (const drawn of undrawn.splice(0)) drawn();
  expect(socket.sent.slice(1)).toEqual([{ kind: 'flow', isPaused: false }]);
});
