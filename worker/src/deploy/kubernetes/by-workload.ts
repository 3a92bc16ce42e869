import type { DeployTarget } from '../deploy-target.ts';

/** A target whose every call first finds out what it is about: `use` gives it the target of that. */
export function byWorkload(use: <T>(act: (target: DeployTarget) => Promise<T>) => Promise<T>): DeployTarget {
  return {
    inspect: () => use((target) => target.inspect()),
    stopOld: () => use((target) => target.stopOld()),
    deploy: () => use((target) => target.deploy()),
    setTraffic: (traffic) => use((target) => target.setTraffic(traffic)),
    observe: (asked) => use((target) => target.observe(asked)),
    promote: () => use((target) => target.promote()),
    retireOld: () => use((target) => target.retireOld()),
    rollBack: () => use((target) => target.rollBack()),
  };
}
