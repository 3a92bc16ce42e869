import { setTimeout as sleep } from 'node:timers/promises';
import type { PodPlace } from './pod-console.ts';
import { askInPod, ConnectionLostError } from './pod-exec.ts';
import type { BegunStep } from './pod-session.ts';
import { stateProgram } from './resident-pod.ts';
import { stepsContainer } from './stage-pod.ts';

/** How far a pod has come that another process left: the last step that was begun in it. Null: it is filled, none was. */
export async function readPodState(place: PodPlace): Promise<BegunStep | null | 'never-filled'> {
  const said = await ask(place);
  const [, number, index, tryNumber = 1] = /^(\d+) (\d+|none)(?: (\d+))?$/.exec(said.trim()) ?? [];
  if (number === undefined) return 'never-filled';
  return number === '0' ? null : { number: Number(number), index: Number(index), try: Number(tryNumber) };
}

async function ask(place: PodPlace): Promise<string> {
  const { cluster, name } = place;
  const target = { namespace: cluster.namespace, pod: name, container: stepsContainer };
  const until = Date.now() + place.patienceMs;
  for (let waitMs = 100; ; waitMs = Math.min(5_000, waitMs * 2)) {
    try {
      const { end, stdout } = await askInPod(cluster.config, {
        ...target,
        command: ['sh', '-c', stateProgram],
      });
      if (end.kind === 'exited' && end.exitCode === 0) return stdout;
      return ''; // a container that does not run yet
    } catch (error) {
      if (!(error instanceof ConnectionLostError) || Date.now() > until) throw error;
      await cluster.findPod(name); // waits while the API server is away
      await sleep(waitMs);
    }
  }
}
