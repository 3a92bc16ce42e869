// One shell over the server's `/shell/:attemptId`: binary frames are the terminal's bytes, a text frame is one message.
//
//   connecting ─► open ─► ended      It is never connected again by itself: the shell that it led to is gone.
//        └──────────────────┘
import type { ShellEnd, ShellNews, ShellRequest, TerminalSize } from '@sluice/pipelines/protocol/shell';

/** How a shell ended: in the server's words, or without any. */
export type ShellOver =
  | ShellEnd
  /** There was no connection: the server is not reached, or the sign-in has ended. */
  | { readonly kind: 'unreachable' }
  | { readonly kind: 'cut' };

export interface ShellListener {
  readonly opened: () => void;
  readonly output: (bytes: Uint8Array) => void;
  /** Always the last call, and only one. */
  readonly ended: (over: ShellOver) => void;
}

export interface ShellSocket {
  /** What is typed before the shell is open is sent when it is. */
  readonly type: (bytes: Uint8Array<ArrayBuffer>) => void;
  readonly resize: (size: TerminalSize) => void;
  /** Ends the shell; the listener hears nothing more. */
  readonly close: () => void;
}

/** The part of a WebSocket that is used; tests bring their own. */
export type RawSocket = Pick<WebSocket, 'binaryType' | 'readyState' | 'send' | 'close' | 'addEventListener'>;

const isOpen = (socket: RawSocket): boolean => socket.readyState === 1;

export function openShellSocket(
  connect: (size: TerminalSize) => RawSocket,
  first: TerminalSize,
  listener: ShellListener,
): ShellSocket {
  const socket = connect(first);
  socket.binaryType = 'arraybuffer';
  const early: Uint8Array<ArrayBuffer>[] = [];
  let size = first;
  let phase: 'connecting' | 'open' | 'over' = 'connecting';
  let wasReached = false;

  const tell = (request: ShellRequest): void => socket.send(JSON.stringify(request));
  const end = (over: ShellOver): void => {
    if (phase === 'over') return;
    phase = 'over';
    listener.ended(over);
  };
  const hear = (news: ShellNews): void => {
    if (news.kind === 'ended') return end(news);
    phase = 'open';
    for (const bytes of early.splice(0)) socket.send(bytes);
    listener.opened();
  };

  socket.addEventListener('open', () => {
    wasReached = true;
    if (size !== first) tell({ kind: 'resize', ...size });
  });
  socket.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
    if (phase === 'over') return;
    if (data instanceof ArrayBuffer) listener.output(new Uint8Array(data));
    else if (typeof data === 'string') hear(JSON.parse(data) as ShellNews);
  });
  socket.addEventListener('close', () => end({ kind: wasReached ? 'cut' : 'unreachable' }));

  return {
    type: (bytes) => {
      if (phase === 'connecting') early.push(bytes);
      else if (phase === 'open' && isOpen(socket)) socket.send(bytes);
    },
    resize: (next) => {
      size = next;
      if (phase !== 'over' && isOpen(socket)) tell({ kind: 'resize', ...next });
    },
    close: () => {
      phase = 'over';
      socket.close();
    },
  };
}
