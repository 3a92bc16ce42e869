import type Docker from 'dockerode';
import type { WorkspaceSpec } from '../executor.ts';
import { hardened } from './harden.ts';
import { workspaceFolder } from './resident-shell.ts';

/**
 * Makes `owner` (`name`, `uid` or `uid:gid`) the owner of everything in the workspace that `container` has. Done by
 * another container of the same image, as root: a container whose steps run as somebody else lends that right to
 * nobody. Null, or why it could not be done.
 */
export async function giveWorkspace(
  docker: Docker,
  container: Docker.Container,
  { image, labels }: WorkspaceSpec,
  owner: string,
): Promise<string | null> {
  const giver = await docker.createContainer({
    Image: image ?? '',
    Entrypoint: ['sh', '-c', 'exec chown -R "$0" "$1"', owner, workspaceFolder],
    Cmd: [],
    User: '0:0',
    Labels: { ...labels },
    NetworkDisabled: true,
    HostConfig: { ...hardened(null), NetworkMode: 'none', VolumesFrom: [container.id] },
  });
  try {
    await giver.start();
    const { StatusCode } = await giver.wait();
    if (StatusCode === 0) return null;
    const said = await giver.logs({ follow: false, tail: 3, stdout: true, stderr: true });
    const words = said
      .toString('utf8')
      .replace(/[^\x20-\x7e]+/g, ' ')
      .trim();
    return `The workspace could not be given to user "${owner}" of image "${image}": ${words}. Check "user", and that the image has chown.`;
  } finally {
    await giver.remove({ force: true });
  }
}
