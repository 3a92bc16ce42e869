import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** DOCKER_HOST, or the first socket that is where engines for one machine put theirs. */
export function findDockerHost(
  env: Readonly<Record<string, string | undefined>>,
  isThere: (path: string) => boolean = existsSync,
): string {
  const { DOCKER_HOST: named, HOME: home, XDG_RUNTIME_DIR: runtime } = env;
  if (named !== undefined && named !== '') return named;
  const sockets = [
    '/var/run/docker.sock',
    ...(runtime === undefined ? [] : [join(runtime, 'docker.sock')]),
    ...(home === undefined
      ? []
      : ['.docker/run/docker.sock', '.colima/default/docker.sock', '.rd/docker.sock'].map((path) =>
          join(home, path),
        )),
  ];
  return `unix://${sockets.find(isThere) ?? '/var/run/docker.sock'}`;
}
