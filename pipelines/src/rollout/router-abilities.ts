// Which routers can do more than share requests out by weight, and why one cannot do what a rollout needs.
import { formatPercent } from './figures.ts';
import { matchInWords } from './traffic.ts';
import type { ChosenTraffic, RequestMatch, RouterAbilities } from './rollout-state.ts';

type Ability = RequestMatch['kind'] | 'mirror';

/** What a person is told to use instead; a target says for itself what it can (`TargetFacts.can`). */
const routersThatCan: Readonly<Record<Ability, readonly string[]>> = {
  header: ['haproxy', 'httproute', 'ingress', 'virtualservice'],
  cookie: ['haproxy', 'ingress', 'virtualservice'],
  query: ['haproxy', 'httproute', 'virtualservice'],
  mirror: ['httproute', 'virtualservice'],
};

/** Null: the router can do it. Absent abilities are none. */
export function whyCannotRoute(
  { match, mirrorPercent }: ChosenTraffic,
  can: RouterAbilities | undefined,
): string | null {
  const router = can?.router ?? 'this one';
  const impossible = match.find(({ kind }) => !(can?.match ?? []).includes(kind));
  if (impossible !== undefined) {
    return `the traffic provider (${router}) cannot choose ${matchInWords([impossible])}; ${alternatives(impossible.kind)}`;
  }
  if (mirrorPercent === 0 || can?.mirror === true) return null;
  const share = formatPercent(mirrorPercent);
  return `the traffic provider (${router}) cannot mirror ${share} of the requests; ${alternatives('mirror')}`;
}

const alternatives = (ability: Ability): string =>
  `use one that can (${routersThatCan[ability].join(', ')}), or remove the step`;
