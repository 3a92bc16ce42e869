// What a router is asked to do for the new version, and whether it does it.
import type { RolloutStep } from '../language/definition.ts';
import { formatPercent } from './figures.ts';
import { hasWeight } from './reading.ts';
import type {
  ChosenTraffic,
  RequestMatch,
  Rollout,
  RolloutAction,
  TargetFacts,
  Traffic,
} from './rollout-state.ts';

export const nothingChosen: ChosenTraffic = { match: [], mirrorPercent: 0 };

export const isNothing = ({ match, mirrorPercent }: ChosenTraffic): boolean =>
  match.length === 0 && mirrorPercent === 0;

/** All requests go to the old version, and none is copied. */
export const isAllOld = ({ percent, ...chosen }: Traffic): boolean => percent === 0 && isNothing(chosen);

/** Shares as near as the percents of small weights can come; conditions in any order, header names in any case. */
export const sameTraffic = (one: Traffic, other: Traffic): boolean =>
  Math.abs(one.percent - other.percent) < shareTolerance &&
  Math.abs(one.mirrorPercent - other.mirrorPercent) < shareTolerance &&
  isSameMatch(one.match, other.match);

/** What a step asks for beside the weight; other steps ask for nothing. */
export function trafficOfStep(step: RolloutStep): ChosenTraffic {
  if (step.kind === 'set-route') return { ...nothingChosen, match: step.match };
  return step.kind === 'set-mirror' ? { ...nothingChosen, mirrorPercent: step.percent } : nothingChosen;
}

/** The new version answers copies alone: whatever it does, nobody notices. */
export const isOnlyCopied = ({ percent, match, mirrorPercent }: Traffic): boolean =>
  percent === 0 && match.length === 0 && mirrorPercent > 0;

/** What the rollout has asked for last. */
export function wantedTraffic({ weightPercent, traffic = nothingChosen }: Rollout): Traffic {
  return { percent: weightPercent, ...traffic };
}

/** The action that asks for it; what is none is left out, so that a plain weight is written as it always was. */
export function askTraffic({ percent, match, mirrorPercent }: Traffic): RolloutAction {
  return {
    kind: 'set-weight',
    percent,
    ...(match.length === 0 ? {} : { match }),
    ...(mirrorPercent === 0 ? {} : { mirrorPercent }),
  };
}

/** What a worker is asked for by `set-weight`. */
export function askedTraffic(what: Extract<RolloutAction, { kind: 'set-weight' }>): Traffic {
  return { percent: what.percent, match: what.match ?? [], mirrorPercent: what.mirrorPercent ?? 0 };
}

/** Why the router does not do what was asked, as exactly as it can; null: it does. */
export function whyOtherTraffic(facts: TargetFacts, wanted: Traffic): string | null {
  if (!hasWeight(facts, wanted.percent)) {
    const actual = formatPercent(facts.canary?.weightPercent ?? 0);
    return `should have ${formatPercent(wanted.percent)} of the traffic, the router says ${actual}`;
  }
  const { match, mirrorPercent } = facts.traffic ?? nothingChosen;
  if (!isSameMatch(match, wanted.match)) {
    return `should be given ${matchInWords(wanted.match)}, the router has ${matchInWords(match)}`;
  }
  if (Math.abs(mirrorPercent - wanted.mirrorPercent) < shareTolerance) return null;
  const actual = formatPercent(mirrorPercent);
  return `should be sent copies of ${formatPercent(wanted.mirrorPercent)} of the requests, the router says ${actual}`;
}

/** Routers keep shares in steps of their own, down to one in a hundred. */
const shareTolerance = 0.51;

/** In any order. */
function isSameMatch(one: readonly RequestMatch[], other: readonly RequestMatch[]): boolean {
  const keys = (match: readonly RequestMatch[]): string => JSON.stringify(match.map(keyOf).toSorted());
  return keys(one) === keys(other);
}

function keyOf({ kind, name, value }: RequestMatch): string {
  return JSON.stringify([kind, kind === 'header' ? name.toLowerCase() : name, value]);
}

/** `all requests with the header x-canary: 1 and copies of 10 % of the others` */
export function chosenInWords({ match, mirrorPercent }: ChosenTraffic): string {
  const chosen = match.length === 0 ? [] : [`all ${matchInWords(match)}`];
  const copied = mirrorPercent === 0 ? [] : [`copies of ${formatPercent(mirrorPercent)} of the requests`];
  return [...chosen, ...copied].join(' and ') || 'no chosen and no copied requests';
}

/** `requests with the header x-canary: 1 and the cookie group=b` */
export function matchInWords(match: readonly RequestMatch[]): string {
  if (match.length === 0) return 'no chosen requests';
  return `requests with ${match.map(conditionInWords).join(' and ')}`;
}

function conditionInWords({ kind, name, value }: RequestMatch): string {
  switch (kind) {
    case 'header':
      return `the header ${name}: ${value}`;
    case 'cookie':
      return `the cookie ${name}=${value}`;
    case 'query':
      return `?${name}=${value}`;
  }
}
