// For tests: a process that imports this before anything else believes its host's clock to be wrong by as many
// milliseconds as stand in the file that FALSE_CLOCK names. The file may change at any time.
import { readFileSync } from 'node:fs';

const path = process.env['FALSE_CLOCK'] ?? '';
const TrueDate = Date;
let aheadMs = read();
setInterval(() => (aheadMs = read()), 20).unref();

function read(): number {
  return Number(readFileSync(path, 'utf8'));
}

globalThis.Date = new Proxy(TrueDate, {
  construct: (target, given: readonly unknown[]) =>
    Reflect.construct(target, given.length === 0 ? [target.now() + aheadMs] : given) as Date,
  apply: (target) => new target(target.now() + aheadMs).toString(),
  get: (target, name, receiver): unknown =>
    name === 'now' ? () => target.now() + aheadMs : Reflect.get(target, name, receiver),
});
