import { entriesOf, entryAt, nodeAt } from '../find-node.ts';
import { isFull, report } from '../reading.ts';
import type { MapEntry, SourceNode } from '../source-node.ts';
import type { ReadFile } from './read-file.ts';
import type { Reached } from './unreachable-stages.ts';

/** A stranger's pull request runs a stranger's commands: it gets no secret, and what needs one cannot run for it. */
export function warnOfSecretsInForks(
  { reading, root, definition, places }: ReadFile,
  reached: Reached,
): void {
  if (definition.on.pull_request === null) return;
  const warn = (entry: MapEntry, who: string): void => {
    const message = `${who} has the secret of ${entry.key} and runs for pull requests. One from a fork gets no secrets, so it starts nothing. Keep what needs a secret in a stage with if: event != 'pull_request', or in a pipeline without pull_request.`;
    if (!isFull(reading, 'warning')) report(reading, entry.keySpan, 'secret-in-fork', message, 'warning');
  };
  for (const entry of secretsIn(nodeAt(root, 'env'))) warn(entry, 'Every stage');
  for (const [id, place] of places) {
    const runs = [...(reached.get(id) ?? [])].some(({ event }) => event === 'pull_request');
    if (!runs) continue;
    const steps = nodeAt(place, 'steps');
    const inner = [
      ...(steps?.kind === 'list' ? steps.items : []),
      ...entriesOf(nodeAt(place, 'services')).map(({ value }) => value),
      nodeAt(place, 'deploy', 'container'),
    ];
    for (const node of [place, ...inner])
      for (const entry of secretsIn(nodeAt(node, 'env'))) warn(entry, `stage "${id}"`);
    const built = entryAt(nodeAt(place, 'build'), 'secrets');
    if (built !== undefined) warn(built, `stage "${id}"`);
  }
}

const secretsIn = (env: SourceNode | undefined): readonly MapEntry[] =>
  entriesOf(env).filter(({ value }) => value.kind === 'map');
