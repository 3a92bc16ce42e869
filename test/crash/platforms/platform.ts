import type { Part } from '../engines/part.ts';
import type { Call, Held } from '../door.ts';
import type { Link } from '../link.ts';

/** What the stages of an installation run on, and where it deploys to. */
export interface Platform extends AsyncDisposable {
  readonly kind: 'docker' | 'kubernetes';
  /** What answers the worker there. */
  readonly part: Part;
  /** Between the worker and it. */
  readonly link: Link;
  /** Has a shell and busybox's programs; images of services are built from it. */
  readonly image: string;
  /** Address of this machine as steps see it. */
  readonly host: string;
  readonly workerEnv: Readonly<Record<string, string>>;
  /** Of the installation's project. */
  readonly secrets: Readonly<Record<string, string>>;
  /** Keeps answers to calls that fit from the worker; null: calls of this platform cannot be told apart. */
  readonly holdAnswers: ((fits: (call: Call) => boolean | Promise<boolean>) => Held) | null;
  /** What attempts have left there. */
  readonly leftovers: (runId: string) => Promise<readonly string[]>;
  readonly service: DeployedService;
}

/** The one service that is deployed again and again. */
export interface DeployedService {
  /** The body of its environment. */
  readonly environment: object;
  /** Keys of the deploy stage, as text in the braces of a YAML map. */
  readonly deployKeys: string;
  /** Files that the deploy stage needs. */
  readonly files: Readonly<Record<string, string>>;
  /** Where its users are, once it was deployed. */
  readonly address: () => Promise<string>;
  /** What is wrong with it after a rollout has ended; a while may pass until all is right. */
  readonly problems: () => Promise<readonly string[]>;
}
