import { createContext, useContext, useEffect, useSyncExternalStore, type ReactNode } from 'react';
import { LiveSocket, type LiveStatus, type SocketLike } from './live-socket.ts';
import { socketUrl } from './socket-url.ts';

const LiveContext = createContext<LiveSocket | null>(null);

/** Keeps the socket open while its children are shown. */
export function LiveProvider({
  socket,
  children,
}: {
  readonly socket: LiveSocket;
  readonly children: ReactNode;
}) {
  useEffect(() => {
    socket.open();
    window.addEventListener('online', socket.open);
    return () => {
      window.removeEventListener('online', socket.open);
      socket.close();
    };
  }, [socket]);
  return <LiveContext value={socket}>{children}</LiveContext>;
}

export function useLive(): LiveSocket {
  const socket = useContext(LiveContext);
  if (socket === null) throw new Error('useLive needs a LiveProvider around it');
  return socket;
}

export function useLiveStatus(): LiveStatus {
  const socket = useLive();
  return useSyncExternalStore(socket.onStatus, () => socket.status);
}

export function browserLiveSocket(): LiveSocket {
  return new LiveSocket({
    connect: () => openSocket(socketUrl('/live')),
    after: (delayMs, wake) => {
      const timer = window.setTimeout(wake, delayMs);
      return () => window.clearTimeout(timer);
    },
    random: Math.random,
  });
}

function openSocket(address: string): SocketLike {
  const socket = new WebSocket(address);
  const wrapped: SocketLike = {
    send: (text) => socket.send(text),
    close: () => socket.close(),
    onopen: null,
    onmessage: null,
    onclose: null,
  };
  socket.addEventListener('open', () => wrapped.onopen?.());
  socket.addEventListener('message', ({ data }: MessageEvent<unknown>) => wrapped.onmessage?.({ data }));
  socket.addEventListener('close', () => wrapped.onclose?.());
  return wrapped;
}
