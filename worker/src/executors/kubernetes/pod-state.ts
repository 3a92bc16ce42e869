import { setTimeout as sleep } from 'node:timers/promises';
import type { PodPlace } from './pod-console.ts';
import { askInPod, ConnectionLostError } from './pod-exec.ts';
import type { BegunStep } from './pod-session.ts';
import { stateProgram } from './resident-pod.ts';
import { stepsContainer } from './stage-pod.ts';

/** How far a pod has come that another process left: the steps that were begun in it, in order. */
export async function readPodState(place: PodPlace): Promise<readonly BegunStep[] | 'never-filled'> {
  const [first, ...begun] = (await ask(place)).trim().split('\n');
  if (first !== 'filled') return 'never-filled';
  return begun.map((line) => {
    const [number, index, tryNumber] = line.split(' ').map(Number);
    if (number === undefined || index === undefined || tryNumber === undefined)
      throw new Error(`the pod said "${line}" where a step was due`);
    return { number, index, try: tryNumber };
  });
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
