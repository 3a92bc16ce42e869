import { useEffect } from 'react';
import { keepPreviousData, useQuery, useQueryClient, type UseQueryResult } from '@tanstack/react-query';
import type { ChannelView, NotificationView } from '@sluice/pipelines/notify/notify-event';
import type {
  AuditView,
  DeliveryView,
  EnvironmentView,
  ManualStartsView,
  ReportsView,
  RepositoryView,
  Rerun,
  RerunPreview,
  RolloutView,
  RunView,
  SecretView,
  SessionView,
  ProjectView,
  WorkerView,
} from '@sluice/pipelines/protocol/api';
import { newerRun } from '../state/run-view.ts';
import { useApi } from './api-context.tsx';
import { useLive } from './live-context.tsx';
import { paths } from './paths.ts';

/** An API token without the token itself. */
export interface TokenView {
  readonly id: string;
  readonly name: string;
  /** Who made it, and as whom it acts. */
  readonly user: string;
  readonly createdAt: number;
  /** Null: never. */
  readonly lastUsedAt: number | null;
}

/** Lists that the socket does not carry are asked for this often while they are shown. */
const refreshMs = 10_000;

export function useSession(): UseQueryResult<SessionView> {
  return useGet<SessionView>(['session'], paths.session);
}

/** The run, kept fresh over the socket. */
export function useRun(id: string): UseQueryResult<RunView> {
  const live = useLive();
  const cache = useQueryClient();
  useEffect(
    () =>
      live.watchRun(id, (run) => cache.setQueryData<RunView>(['run', id], (known) => newerRun(known, run))),
    [live, cache, id],
  );
  return useGet<RunView>(['run', id], paths.run(id));
}

/** What a re-run would run and keep. */
export function useRerunPreview(runId: string, wanted: Rerun): UseQueryResult<RerunPreview> {
  const api = useApi();
  return useQuery({
    queryKey: ['rerun', runId, wanted],
    queryFn: () => api.send<RerunPreview>('POST', paths.previewRerun(runId), wanted),
    retry: false,
  });
}

/** What can be started by hand at a commit (empty: the newest) of a branch. */
export function useManualStarts(
  place: Readonly<Record<'repository' | 'branch' | 'commit', string>>,
): UseQueryResult<ManualStartsView> {
  const api = useApi();
  return useQuery({
    queryKey: ['manual-starts', place],
    queryFn: ({ signal }) => api.get<ManualStartsView>(paths.manualStarts(place), signal),
    enabled: place.repository !== '' && place.branch !== '',
    placeholderData: keepPreviousData,
    retry: false,
  });
}

/** The rollout, kept fresh over the socket. */
export function useRollout(id: string): UseQueryResult<RolloutView> {
  const live = useLive();
  const cache = useQueryClient();
  useEffect(
    () =>
      live.watchRollout(id, (rollout) =>
        cache.setQueryData<RolloutView>(['rollout', id], (known) =>
          known !== undefined && known.revision >= rollout.revision ? known : rollout,
        ),
      ),
    [live, cache, id],
  );
  return useGet<RolloutView>(['rollout', id], paths.rollout(id));
}

/** What test tools said; `figures` changes when the attempt has said something else. */
export const useReports = (attemptId: string, figures: string) =>
  useGet<ReportsView>(['reports', attemptId, figures], paths.reports(attemptId));
export const useEnvironments = () =>
  useGet<{ readonly environments: readonly EnvironmentView[] }>(
    ['environments'],
    paths.environments,
    refreshMs,
  );
export const useRepositories = () =>
  useGet<{ readonly repositories: readonly RepositoryView[] }>(['repositories'], paths.repositories);
export const useSecrets = () =>
  useGet<{ readonly secrets: readonly SecretView[] }>(['secrets'], paths.secrets);
export const useTokens = () => useGet<{ readonly tokens: readonly TokenView[] }>(['tokens'], paths.tokens);
export const useNotifications = () =>
  useGet<{ readonly channels: readonly ChannelView[]; readonly messages: readonly NotificationView[] }>(
    ['notifications'],
    paths.notifications,
    refreshMs,
  );
export const useWorkers = () =>
  useGet<{ readonly workers: readonly WorkerView[] }>(['workers'], paths.workers, refreshMs);
export const useProjects = () =>
  useGet<{ readonly projects: readonly ProjectView[] }>(['projects'], paths.projects, refreshMs);
export const useDeliveries = () =>
  useGet<{ readonly deliveries: readonly DeliveryView[] }>(['deliveries'], paths.deliveries, refreshMs);
export const useAudit = () =>
  useGet<{ readonly entries: readonly AuditView[] }>(['audit'], paths.audit, refreshMs);

function useGet<T>(key: readonly string[], path: string, everyMs?: number): UseQueryResult<T> {
  const api = useApi();
  return useQuery<T>({
    queryKey: key,
    queryFn: ({ signal }) => api.get<T>(path, signal),
    ...(everyMs === undefined ? {} : { refetchInterval: everyMs }),
  });
}
