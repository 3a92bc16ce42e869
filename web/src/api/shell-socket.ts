// One shell over the server's `/shell/:attemptId`: binary frames are the terminal's bytes, a text frame is one message.
//
//   connecting ─► open ─► ended      It is never connected again by itself: the shell that it led to is gone.
//        └──────────────────┘
import type {
  ShellEnd,
  ShellFlow,
  ShellNews,
  ShellRequest,
  TerminalSize,
} from '@sluice/pipelines/protocol/shell';

/** How a shell ended: in the server's words, or without any. */
export type ShellOver =
  | ShellEnd
  /** There was no connection: the server is not reached, or the sign-in has ended. */
  | { readonly kind: 'unreachable' }
  | { readonly kind: 'cut' };

export interface ShellListener {
  readonly opened: () => void;
  /** `drawn` is to be called once they are: a terminal that falls behind makes the shell wait. */
  readonly output: (bytes: Uint8Array, drawn: () => void) => void;
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

/** The output waits above the one until less than the other is not yet drawn. */
const mostBytes = 1024 * 1024;
const fewBytes = 128 * 1024;

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
  let waitingBytes = 0;
  let isPaused = false;

  const tell = (request: ShellRequest | ShellFlow): void => socket.send(JSON.stringify(request));
  const end = (over: ShellOver): void => {
    if (phase === 'over') return;
    phase = 'over';
    listener.ended(over);
  };
  const pause = (wanted: boolean): void => {
    if (wanted === isPaused || phase === 'over' || !isOpen(socket)) return;
    isPaused = wanted;
    tell({ kind: 'flow', isPaused });
  };
  const show = (bytes: Uint8Array): void => {
    waitingBytes += bytes.length;
    if (waitingBytes > mostBytes) pause(true);
    listener.output(bytes, () => {
      waitingBytes -= bytes.length;
      if (waitingBytes < fewBytes) pause(false);
    });
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
    if (data instanceof ArrayBuffer) show(new Uint8Array(data));
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
