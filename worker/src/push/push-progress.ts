import type { EngineMessage } from '../build/engine-messages.ts';
import { readableBytes } from '../stages/readable-bytes.ts';

/** A push says a lot; this lets through a line for each finished layer, and how far the others are every few seconds. */
export interface PushProgress {
  /** `now`: milliseconds of a clock that only goes forward. */
  readonly accept: (message: EngineMessage, now: number) => readonly string[];
}

const everyMs = 3_000;
const endings = ['Pushed', 'Layer already exists', 'Mounted from'];

export function createPushProgress(): PushProgress {
  const layers = new Map<string, { readonly bytes: number; readonly total: number }>();
  let lastAt: number | null = null;
  const sum = (part: 'bytes' | 'total'): string =>
    readableBytes([...layers.values()].reduce((all, layer) => all + layer[part], 0));
  return {
    accept: ({ id, status, progressDetail }, now) => {
      if (id === undefined || status === undefined) return [];
      if (endings.some((ending) => status.startsWith(ending))) {
        layers.delete(id);
        return [`${id}: ${status.toLowerCase()}`];
      }
      const { current: bytes, total } = progressDetail ?? {};
      if (bytes === undefined || total === undefined) return [];
      layers.set(id, { bytes, total: Math.max(bytes, total) });
      lastAt ??= now;
      if (now - lastAt < everyMs) return [];
      lastAt = now;
      return [
        `${layers.size} ${layers.size === 1 ? 'layer' : 'layers'} under way: ${sum('bytes')} of ${sum('total')}`,
      ];
    },
  };
}
