// The engine tells a failed push in its own words; this is what they mean.
import type { FailureClass } from '@sluice/pipelines/language/definition';
import type { StageOutcome } from '@sluice/pipelines/run/run-state';
import { failed } from '../stages/failed-outcome.ts';
import { unauthorised, unreachable, type RegistryProblem } from '../registry/registry-problem.ts';

export function pushProblem(error: string, registry: string, hasCredentials: boolean): RegistryProblem {
  if (/unauthorized|denied|authentication required|no basic auth credentials|403 Forbidden/i.test(error)) {
    return unauthorised(registry, hasCredentials);
  }
  if (/server gave HTTP response to HTTPS client/.test(error)) {
    return {
      reason: 'refused',
      message: `registry ${registry} speaks http, and the Docker engine wants https: give the registry a certificate, or list it under "insecure-registries" of the engine.`,
    };
  }
  if (/x509|certificate/.test(error)) {
    return {
      reason: 'refused',
      message: `the Docker engine does not trust the certificate of registry ${registry} (${error}): put its authority into /etc/docker/certs.d/${registry}/ca.crt on the engine's host.`,
    };
  }
  const network = networkWords.find(([pattern]) => pattern.test(error));
  if (network !== undefined) return unreachable(registry, network[1]);
  return { reason: 'unexpected', message: `registry ${registry} did not take the image: ${error}` };
}

const networkWords: readonly (readonly [RegExp, string])[] = [
  [/connection refused/, 'ECONNREFUSED'],
  [/no such host|server misbehaving/, 'ENOTFOUND'],
  [/connection reset|EOF|broken pipe/, 'ECONNRESET'],
  [/no route to host|network is unreachable/, 'EHOSTUNREACH'],
  [/timeout|deadline exceeded|request canceled/i, 'timeout'],
];

/** What another try may mend is `infrastructure`. */
export function problemOutcome({ reason, message }: RegistryProblem): StageOutcome {
  return failed(message, classes[reason]);
}

const classes = {
  unreachable: 'infrastructure',
  unexpected: 'infrastructure',
  unauthorised: 'failed',
  'not-found': 'failed',
  refused: 'failed',
} as const satisfies Record<RegistryProblem['reason'], FailureClass>;
