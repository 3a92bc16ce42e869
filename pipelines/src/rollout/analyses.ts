// The analyses of a stage, in their order.
import type { DeployWork } from '../language/definition.ts';
import type { Traffic } from './rollout-state.ts';
import { nothingChosen } from './traffic.ts';

/** With the share of all requests that the new version then sees. */
export function analysesOf(
  steps: DeployWork['steps'],
): readonly { readonly percent: number; readonly forMs: number }[] {
  let traffic: Traffic = { percent: 0, ...nothingChosen };
  return steps.flatMap((step) => {
    if (step.kind === 'set-weight') traffic = { ...traffic, percent: step.percent };
    if (step.kind === 'set-route') traffic = { ...traffic, match: step.match };
    if (step.kind === 'set-mirror') traffic = { ...traffic, mirrorPercent: step.percent };
    // How many requests are of the chosen kind, nobody can know before.
    const percent = traffic.match.length > 0 ? 0 : Math.max(traffic.percent, traffic.mirrorPercent);
    return step.kind === 'analysis' && percent > 0 ? [{ percent, forMs: step.forMs }] : [];
  });
}
