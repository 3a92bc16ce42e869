// What runs in an environment beside what was released there: whether somebody has changed it by hand.

/** What is expected: the last release that succeeded. */
export interface Released {
  readonly version: string;
  readonly image: string;
  /** As the rollout left it; null: not known. */
  readonly replicas: number | null;
}

export type Seen =
  | {
      readonly kind: 'found';
      /** Null: it does not say. */
      readonly version: string | null;
      readonly image: string;
      /** That should run. */
      readonly replicas: number;
      /** Share of the traffic that it gets, where a router tells; null: none does. */
      readonly weightPercent: number | null;
      /** Who has written the field last, if that was not us and the target knows; null: unknown. */
      readonly changedBy: { readonly image: string | null; readonly replicas: string | null };
    }
  | {
      readonly kind: 'gone';
      /** What is to be done there first; absent: nothing is known. */
      readonly message?: string;
    };

export interface Difference {
  readonly what: 'gone' | 'version' | 'image' | 'replicas' | 'traffic';
  readonly expected: string;
  readonly found: string;
  /** Null: nobody knows. */
  readonly by: string | null;
}

/** Empty: it runs as it was released. */
export function driftOf(released: Released, seen: Seen): readonly Difference[] {
  if (seen.kind === 'gone') return [{ what: 'gone', expected: released.version, found: 'nothing', by: null }];
  const { version, image, replicas, weightPercent, changedBy } = seen;
  const differences: Difference[] = [];
  if (version !== null && version !== released.version) {
    differences.push({ what: 'version', expected: released.version, found: version, by: changedBy.image });
  }
  if (image !== released.image) {
    differences.push({ what: 'image', expected: released.image, found: image, by: changedBy.image });
  }
  const isScaledByRule = changedBy.replicas !== null && autoscalers.has(changedBy.replicas);
  if (released.replicas !== null && replicas !== released.replicas && !isScaledByRule) {
    const by = changedBy.replicas;
    differences.push({ what: 'replicas', expected: String(released.replicas), found: String(replicas), by });
  }
  if (weightPercent !== null && weightPercent < 100) {
    differences.push({ what: 'traffic', expected: '100 %', found: `${weightPercent} %`, by: null });
  }
  return differences;
}

/** The horizontal pod autoscaler writes as the first of them. */
const autoscalers: ReadonlySet<string> = new Set(['kube-controller-manager', 'horizontal-pod-autoscaler']);

export function differenceInWords({ what, expected, found, by }: Difference): string {
  const who = by === null ? '' : `, changed by ${by}`;
  return what === 'gone' ? `${expected} is gone${who}` : `${what} is ${found} instead of ${expected}${who}`;
}
