import { Duplex } from 'node:stream';
import type Docker from 'dockerode';

type Dial = Docker['modem']['dial'];

export interface BuildSession extends AsyncDisposable {
  /** As the given engine, but its BuildKit sessions end with this object. */
  readonly docker: Docker;
}

/**
 * dockerode opens a second connection beside each BuildKit build, over which BuildKit asks for credentials, and closes
 * it only when the build's stream has ended by itself: a build that is refused or cancelled would leave it open for ever.
 */
export function openBuildSession(docker: Docker): BuildSession {
  const connections: Duplex[] = [];
  const dial: Dial = (options, callback) => {
    docker.modem.dial(options, (error, data) => {
      if (options.path.endsWith('/session') && data instanceof Duplex) connections.push(data);
      callback?.(error, data);
    });
  };
  const modem: unknown = Object.create(docker.modem, { dial: { value: dial } });
  const sessioned: Docker = Object.create(docker, { modem: { value: modem } });
  return {
    docker: sessioned,
    [Symbol.asyncDispose]: async () => {
      for (const connection of connections) connection.destroy();
    },
  };
}
