import { join } from 'node:path';
import type Docker from 'dockerode';
import { removeOldImages } from '@sluice/worker/build/image-reaper';
import { removeServices } from '@sluice/worker/deploy/docker/running-services';

/** Ends the proxies, removes every container of this installation, those of deployed services too, and the runs' images. */
export async function removeEverything(docker: Docker, dataDir: string, installation: string): Promise<void> {
  await removeServices({ docker, dataDir: join(dataDir, 'worker') }, installation);
  const left = await docker.listContainers({ all: true, filters: { label: [`sluice=${installation}`] } });
  await Promise.all(left.map(({ Id }) => docker.getContainer(Id).remove({ force: true, v: true })));
  await removeOldImages(docker, `sluice=${installation}`, 0, Date.now());
}
