import { Button } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import { ApiError } from '../api/api-error.ts';
import { useMessages } from '../messages/language-context.tsx';
import type { Messages } from '../messages/en.ts';
import './cards.css';

interface ProblemCardProps {
  readonly error: Error;
  readonly onRetry?: () => void;
}

/** An error with its cause and its remedy. */
export function ProblemCard({ error, onRetry }: ProblemCardProps) {
  const t = useMessages();
  const { title, cause, remedy } = explain(error, t);
  return (
    <div className="problem-card" role="alert">
      <IconAlertTriangle size={18} aria-hidden />
      <div className="grow">
        <strong>{title}</strong>
        <p>{cause}</p>
        {remedy !== null && <p className="soft">{remedy}</p>}
        {error instanceof ApiError && <p className="soft mono">{t.problems.reason(error.reason)}</p>}
      </div>
      {onRetry !== undefined && <Button onClick={onRetry}>{t.actions.retry}</Button>}
    </div>
  );
}

function explain(
  error: Error,
  { problems }: Messages,
): { readonly title: string; readonly cause: string; readonly remedy: string | null } {
  if (!(error instanceof ApiError))
    return {
      title: problems.crashed,
      cause: error.message,
      remedy: problems.crashedRemedy,
    };
  if (error.status === 0)
    return { title: problems.title, cause: problems.unreachable, remedy: problems.unreachableRemedy };
  if (error.status === 404)
    return { title: problems.notFoundTitle, cause: error.message, remedy: problems.notFoundRemedy };
  if (error.status === 403)
    return { title: problems.title, cause: error.message, remedy: problems.forbiddenRemedy };
  return {
    title: problems.title,
    cause: error.message,
    remedy: error.status >= 500 ? problems.serverRemedy : null,
  };
}
