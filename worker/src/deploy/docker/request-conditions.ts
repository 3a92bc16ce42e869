// What tells requests apart, as conditions of HAProxy. Everything in them comes from a pipeline file, so nothing may
// end a word early: names are plain tokens, values stand in single quotes, in which HAProxy reads nothing.
import type { RequestMatch } from '@sluice/pipelines/rollout/rollout-state';
import { unreachable } from '@sluice/pipelines/result';
import { DeployProblem } from '../deploy-problem.ts';

/** `{ req.fhdr(x-canary) -m str -- 'always' } { … }`: true when all of them are. */
export function requestConditions(match: readonly RequestMatch[]): string {
  return match.map((one) => `{ ${sample(one)} -m str -- ${quoted(one)} }`).join(' ');
}

/** Every occurrence of a header or cookie is compared, each as a whole. */
function sample({ kind, name }: RequestMatch): string {
  const plain = plainName(name);
  switch (kind) {
    case 'header':
      return `req.fhdr(${plain})`;
    case 'cookie':
      return `req.cook(${plain})`;
    case 'query':
      return `url_param(${plain}),url_dec`;
    default:
      return unreachable(kind);
  }
}

function plainName(name: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$/.test(name)) return name;
  throw badMatch(`the name ${JSON.stringify(name)}: use letters, digits, dots, dashes and underscores`);
}

function quoted({ value }: RequestMatch): string {
  if (/^[\x20-\x7e]{1,500}$/.test(value)) return `'${value.replaceAll("'", "'\\''")}'`;
  throw badMatch(`the value ${JSON.stringify(value)}: use 1 to 500 printable ASCII characters`);
}

const badMatch = (what: string): DeployProblem =>
  new DeployProblem('bad-match', `Requests cannot be told apart by ${what}.`);
