import { Button } from '@mantine/core';
import type { EnvironmentView } from '@sluice/pipelines/protocol/api';
import { paths } from '../api/paths.ts';
import { useAction } from '../api/use-action.ts';
import { useMessages } from '../messages/language-context.tsx';
import { environmentLooks } from '../state/environment-looks.ts';
import { EnvironmentDrift } from './environment-drift.tsx';
import { ProblemCard } from './problem-card.tsx';

const mostShown = 10;

/** What the last looks have found at its places: those with something to say, how many are well, and a new look on request. */
export function EnvironmentLooks({ environment }: { readonly environment: EnvironmentView }) {
  const words = useMessages().environments.drift;
  const check = useAction();
  const { wrong, good, isAwaited, canCheck } = environmentLooks(environment);
  const isAlone = environment.target.kind !== 'clusters';
  const hidden = wrong.length - mostShown;
  return (
    <>
      {wrong.slice(0, mostShown).map(({ cluster, look }) => (
        <EnvironmentDrift key={cluster ?? environment.name} cluster={cluster} drift={look} />
      ))}
      {hidden > 0 && <p className="soft">{words.more(hidden, environment.name)}</p>}
      {check.error !== null && <ProblemCard error={check.error} />}
      <div className="row wrap">
        {good > 0 && <span className="soft">{isAlone ? words.goodAlone : words.good(good)}</span>}
        {canCheck && (
          <Button
            size="compact-xs"
            variant="subtle"
            aria-label={words.checkOf(environment.name)}
            loading={isAwaited || check.isPending}
            onClick={() => check.mutate({ method: 'POST', path: paths.check(environment.name), body: {} })}
          >
            {words.check}
          </Button>
        )}
      </div>
    </>
  );
}
