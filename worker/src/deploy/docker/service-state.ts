// What a service's proxy needs to be brought back by anybody: beside the containers' labels, the only memory of a
// Docker target. Written whole and atomically, before the change that it describes is made.
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

/** The two generations of containers of a service. */
export type Colour = 'a' | 'b';
export const otherColour = (colour: Colour): Colour => (colour === 'a' ? 'b' : 'a');

const requestMatch = z.object({
  kind: z.enum(['header', 'cookie', 'query']),
  name: z.string(),
  value: z.string(),
});

const serviceState = z.object({
  installation: z.string(),
  environment: z.string(),
  service: z.string(),
  listenHost: z.string(),
  listenPort: z.number().int(),
  /** Null: nothing has been promoted yet. */
  stable: z.enum(['a', 'b']).nullable(),
  /** Share of the colour that is not the stable one. */
  canaryPercent: z.number().min(0).max(100),
  /** Requests for one colour alone: what the proxy is prepared for, and whether it is so; absent: none. */
  chosen: z
    .object({ match: z.array(requestMatch).readonly(), colour: z.enum(['a', 'b']), isOn: z.boolean() })
    .exactOptional(),
  /** HTTP path of the health check of each colour. */
  health: z.object({ a: z.string(), b: z.string() }),
});
export type ServiceState = Readonly<z.infer<typeof serviceState>>;

/** The folder of a service's proxy: `state.json`, `haproxy.cfg`, `haproxy.pid` and the sockets. */
export function serviceFolder(dataDir: string, service: string): string {
  return join(dataDir, 'proxy', service);
}

/** Null when there is none, or what is there cannot be read. */
export async function readServiceState(folder: string): Promise<ServiceState | null> {
  const text = await readFile(stateFile(folder), 'utf8').catch(() => null);
  if (text === null) return null;
  try {
    return serviceState.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

export async function writeServiceState(folder: string, state: ServiceState): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const partial = `${stateFile(folder)}.partial`;
  const file = await open(partial, 'w', 0o600);
  try {
    await file.writeFile(`${JSON.stringify(state, null, 2)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(partial, stateFile(folder));
}

export async function removeServiceFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
}

const stateFile = (folder: string): string => join(folder, 'state.json');
