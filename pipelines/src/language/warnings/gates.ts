import type { DeployWork } from '../definition.ts';
import { entryAt, nodeAt } from '../find-node.ts';
import { isFull, report } from '../reading.ts';
import type { ReadFile } from './read-file.ts';

/** A canary that nothing can stop is a slow rolling update with a reassuring name. */
export function warnOfGates({ reading, definition, places }: ReadFile): void {
  for (const { id, work } of definition.stages) {
    if (work.kind !== 'deploy' || work.strategy !== 'canary' || isFull(reading, 'warning')) continue;
    const found = whyNeverFails(work);
    const deploy = nodeAt(places.get(id), 'deploy');
    const at = found === null ? undefined : (entryAt(deploy, found.key) ?? entryAt(deploy, 'strategy'));
    if (found === null || at === undefined) continue;
    const message = `stage "${id}": this canary can never fail, because ${found.why}`;
    report(reading, at.keySpan, 'gate-never-fails', message, 'warning');
  }
}

function whyNeverFails({
  steps,
  metrics,
}: DeployWork): { readonly key: string; readonly why: string } | null {
  const all = Object.values(metrics);
  const asksNobody = steps.every(({ kind }) => kind !== 'approve');
  if (!asksNobody) return null;
  if (all.length > 0 && all.every(({ dryRun }) => dryRun))
    return { key: 'metrics', why: 'all its metrics are dry_run. Let one of them decide.' };
  const waitsForPerson = steps.some((step) => step.kind === 'pause' && step.forMs === null);
  if (waitsForPerson || steps.some(({ kind }) => kind === 'analysis')) return null;
  return { key: 'steps', why: 'no step analyses it and none asks a person. Add - analysis: { for: 5m }.' };
}
