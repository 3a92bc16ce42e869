import type { EnvironmentView, ReleaseView } from '@sluice/pipelines/protocol/api';

/** The release that ran before the current one and was good; null when there is none. */
export function earlierRelease({ current, history }: EnvironmentView): ReleaseView | null {
  if (current === null) return null;
  const earlier = history
    .filter(
      (release) =>
        release.outcome === 'succeeded' && release.at < current.at && release.version !== current.version,
    )
    .toSorted((a, b) => b.at - a.at);
  return earlier[0] ?? null;
}
