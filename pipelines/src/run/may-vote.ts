import type { ApprovalRule } from '../language/definition.ts';
import { err, ok, type Result } from '../result.ts';

export interface Voter {
  readonly name: string;
  readonly roles: readonly string[];
}

/**
 * Whether this person may vote under a rule. `authors` are the people whose work is approved: the commit's
 * author and who started the run. The error says why not and who may.
 */
export function mayVote(rule: ApprovalRule, voter: Voter, authors: readonly string[]): Result<null, string> {
  if (rule.notAuthor && authors.includes(voter.name)) {
    return err(`${voter.name} wrote or started this; not_author asks for another person's approval`);
  }
  const named = rule.by.includes(voter.name) || rule.by.some((role) => voter.roles.includes(role));
  if (rule.by.length > 0 && !named && !voter.roles.includes('admin')) {
    return err(`only ${rule.by.join(', ')} may approve this; ${voter.name} is not among them`);
  }
  return ok(null);
}
