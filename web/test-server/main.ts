// `npm run fixture -w web [full|empty|failing|signed-out] [port]`: the page with a made-up world that moves.
import { known } from './fixture-known.ts';
import { startFixtureServer, type FixtureMode } from './fixture-server.ts';

const modes = ['full', 'empty', 'failing', 'signed-out'] as const satisfies readonly FixtureMode[];
const mode = modes.find((candidate) => candidate === process.argv[2]) ?? 'full';
const fixture = await startFixtureServer({ mode, port: Number(process.argv[3] ?? 4173) });
console.log(`${mode}: ${fixture.url}`);

setInterval(() => {
  const log = fixture.world.logs.get(known.growing);
  if (log === undefined) return;
  log.lines += 2;
  fixture.live.logGrew(known.growing);
}, 400);
