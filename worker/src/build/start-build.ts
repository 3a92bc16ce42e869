import type Docker from 'dockerode';
import { Readable } from 'node:stream';

/** As the engine's API has them: what is no text or number goes as JSON. */
export interface BuildOptions {
  readonly t: string;
  readonly dockerfile: string;
  readonly buildargs: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly target?: string;
  readonly nocache?: true;
  /** `linux/arm64`; default: that of the engine. */
  readonly platform?: string;
  /** Id of the session that answers BuildKit. */
  readonly session: string;
}

/**
 * Has the engine's BuildKit build what is packed in `context`, and gives its messages. dockerode's own way of doing so
 * opens a session of its own, which can give no secrets and stays open when a build is refused.
 */
export async function startBuild(
  docker: Docker,
  context: NodeJS.ReadableStream,
  options: BuildOptions,
  signal: AbortSignal,
): Promise<NodeJS.ReadableStream> {
  const request = {
    method: 'POST',
    path: '/build?',
    file: context,
    options: { version: '2', ...options },
    abortSignal: signal,
    isStream: true,
    statusCodes: { 200: true, 500: 'server error' },
  };
  return new Promise((resolve, reject) => {
    docker.modem.dial(request, (error, data) => {
      if (data instanceof Readable) resolve(data);
      else reject(error instanceof Error ? error : new Error('the engine did not begin the build'));
    });
  });
}
