import type Docker from 'dockerode';
import type { ServiceContainer } from './service-containers.ts';
import { statusOf } from './service-containers.ts';

/** Restarts after which waiting no longer helps. */
const hopelessRestarts = 3;

/** Why one of these containers will not become ready by waiting; null: none known. */
export async function containerProblem(
  docker: Docker,
  containers: readonly ServiceContainer[],
): Promise<string | null> {
  const problems = await Promise.all(containers.map(({ id }) => problemOf(docker.getContainer(id))));
  return problems.find((problem) => problem !== null) ?? null;
}

async function problemOf(container: Docker.Container): Promise<string | null> {
  try {
    const { State, RestartCount, Name } = await container.inspect();
    if (RestartCount < hopelessRestarts) return null;
    const cause = State.OOMKilled ? 'ran out of memory' : `ended with exit code ${State.ExitCode}`;
    return `container ${Name.slice(1)} ${cause} and was restarted ${RestartCount} times; its last words: ${await lastWords(container)}`;
  } catch (error) {
    if (statusOf(error) === 404) return null;
    throw error;
  }
}

async function lastWords(container: Docker.Container): Promise<string> {
  const raw = await container.logs({ stdout: true, stderr: true, tail: 3 });
  const text = withoutFrames(raw)
    .toString()
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .join(' · ');
  return text === '' ? '(none)' : text.slice(-500);
}

/** Docker frames both streams: one byte of stream, three of nothing, four of length, then the bytes. */
function withoutFrames(raw: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at + 8 <= raw.length;) {
    const end = at + 8 + raw.readUInt32BE(at + 4);
    parts.push(raw.subarray(at + 8, end));
    at = end;
  }
  return Buffer.concat(parts);
}
