import { err, ok, type Result } from '../result.ts';
import type { Voter } from '../run/may-vote.ts';
import type { FreezeRules } from './freeze-rules.ts';

/** Whether this person may let a rollout through a freeze: who is named, or whose role is; else administrators. */
export function mayBreakGlass({ breakGlass }: FreezeRules, { name, roles }: Voter): Result<null, string> {
  const isNamed = breakGlass.includes(name) || breakGlass.some((role) => roles.includes(role));
  if (isNamed || (breakGlass.length === 0 && roles.includes('admin'))) return ok(null);
  const who = breakGlass.length === 0 ? 'an administrator' : breakGlass.join(', ');
  return err(`Only ${who} may let a rollout through this freeze; ${name} is not among them.`);
}
