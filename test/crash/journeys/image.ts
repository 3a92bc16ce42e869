// webhook → image built → image pushed → end, stopped in the middle of the build and of the push.
import type { RunView } from '@sluice/pipelines/protocol/api';
import type { Installation } from '../installation.ts';
import { untilTrue, type Journey } from '../journey.ts';
import { findRun, giveUp } from '../runs.ts';
import { verifyRun } from '../verify-run.ts';

export async function imageJourney(installation: Installation, id: string): Promise<Journey> {
  const { api, gates, links, registry } = installation;
  const repository = await installation.repository(`image-${id}`);
  const commit = repository.commit({
    Dockerfile: dockerfile(installation, id),
    '.sluice.yml': pipeline(registry, id),
  });
  let runId = '';
  const stage = async (name: string): Promise<string | undefined> =>
    (await api.call<RunView>('GET', `/api/runs/${runId}`)).state?.stages[name]?.status;

  return {
    name: 'image',
    start: async () => {
      await repository.announce(commit);
      runId = await findRun(installation, commit);
    },
    stops: [
      {
        phase: 'build',
        hold: () => undefined, // the build waits for its gate
        reached: () => untilTrue('the build', () => gates.count(`${id}-build`) > 0),
        release: () => gates.open(`${id}-build`),
        progressed: () =>
          untilTrue('the end of the build', async () => (await stage('image')) === 'succeeded'),
      },
      {
        phase: 'push',
        hold: () => links['docker-registry'].freezeOn(/^(PATCH|PUT) /),
        reached: () => untilTrue('the upload', () => links['docker-registry'].isFrozen()),
        release: () => links['docker-registry'].heal(),
        progressed: () => untilTrue('the end of the push', async () => (await stage('push')) === 'succeeded'),
      },
    ],
    verify: async () => [
      ...(await verifyRun(installation, { runId, status: 'succeeded' })),
      ...(await verifyPushed(installation, runId, `image-${id}`)),
    ],
    abandon: async () => {
      gates.open(`${id}-build`);
      await giveUp(installation, runId);
    },
  };
}

/** The registry has exactly the tag that was asked for, with the digest that the stage states. */
async function verifyPushed(
  { api, registryUrl }: Installation,
  runId: string,
  name: string,
): Promise<readonly string[]> {
  const run = await api.call<RunView>('GET', `/api/runs/${runId}`);
  const push = run.state?.stages['push'];
  const stated = push?.status === 'succeeded' ? push.outputs['digest'] : undefined;
  const listed = await fetch(`${registryUrl}/v2/${name}/tags/list`);
  const { tags } = (await listed.json()) as { readonly tags?: readonly string[] };
  const manifest = await fetch(`${registryUrl}/v2/${name}/manifests/only`, {
    method: 'HEAD',
    headers: {
      accept:
        'application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.manifest.v1+json',
    },
  });
  const digest = manifest.headers.get('docker-content-digest');
  return [
    ...(tags?.join() === 'only' ? [] : [`the registry has the tags ${tags?.join() ?? 'none'}`]),
    ...(stated !== undefined && digest === stated
      ? []
      : [`pushed was ${digest ?? 'nothing'}, stated ${stated ?? 'nothing'}`]),
  ];
}

const dockerfile = (
  { gatesUrl: gates, platform }: Installation,
  id: string,
): string => `FROM ${platform.image}
RUN wget -q -O /dev/null ${gates}/effect/${id}-build; until wget -q -O /dev/null ${gates}/open/${id}-build; do sleep 0.1; done; dd if=/dev/urandom of=/file bs=64k count=8 2>/dev/null; echo ${id} > /name
`;

const pipeline = (registry: string, id: string): string => `
name: image
on: { push: {} }
stages:
  image:
    build: { file: Dockerfile }
  push:
    needs: [image]
    push: { of: image, to: '${registry}/image-${id}', tags: [only] }
`;
