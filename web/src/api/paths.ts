import type { TerminalSize } from '@sluice/pipelines/protocol/shell';
import type { RunFilters } from '../state/run-filters.ts';

const part = encodeURIComponent;

export const paths = {
  session: '/api/session',
  runs: (filters: RunFilters, before: string | null): string => {
    const query = new URLSearchParams({ ...filters, limit: '50' });
    if (before !== null) query.set('before', before);
    return `/api/runs?${query}`;
  },
  startRun: '/api/runs',
  manualStarts: ({
    repository,
    branch,
    commit,
  }: Readonly<Record<'repository' | 'branch' | 'commit', string>>) =>
    `/api/manual-starts?${new URLSearchParams({ repository, branch, ...(commit === '' ? {} : { commit }) })}`,
  run: (id: string) => `/api/runs/${part(id)}`,
  cancelRun: (id: string) => `/api/runs/${part(id)}/cancel`,
  cancelStage: (runId: string, stage: string) => `/api/runs/${part(runId)}/stages/${part(stage)}/cancel`,
  rerun: (id: string) => `/api/runs/${part(id)}/rerun`,
  previewRerun: (id: string) => `/api/runs/${part(id)}/rerun/preview`,
  vote: (runId: string, stage: string) => `/api/runs/${part(runId)}/stages/${part(stage)}/vote`,
  log: (attemptId: string, from: number, limit: number) =>
    `/api/attempts/${part(attemptId)}/log?from=${from}&limit=${limit}`,
  reports: (attemptId: string) => `/api/attempts/${part(attemptId)}/reports`,
  searchLog: (attemptId: string, text: string, from: number) =>
    `/api/attempts/${part(attemptId)}/log/search?${new URLSearchParams({ text, from: String(from) })}`,
  blob: (attemptId: string, name: string) => `/api/attempts/${part(attemptId)}/blobs/${part(name)}`,
  hold: (attemptId: string) => `/api/attempts/${part(attemptId)}/hold`,
  shell: (attemptId: string, { cols, rows }: TerminalSize) =>
    `/shell/${part(attemptId)}?cols=${cols}&rows=${rows}`,
  artifact: (id: string) => `/api/artifacts/${part(id)}`,
  rollout: (id: string) => `/api/rollouts/${part(id)}`,
  abortRollout: (id: string) => `/api/rollouts/${part(id)}/abort`,
  holdRollout: (id: string) => `/api/rollouts/${part(id)}/hold`,
  promoteRollout: (id: string) => `/api/rollouts/${part(id)}/promote`,
  resumeRollout: (id: string) => `/api/rollouts/${part(id)}/resume`,
  giveUpRollout: (id: string) => `/api/rollouts/${part(id)}/give-up`,
  breakGlass: (id: string) => `/api/rollouts/${part(id)}/break-glass`,
  environments: '/api/environments',
  environment: (name: string) => `/api/environments/${part(name)}`,
  freeze: (environment: string) => `/api/environments/${part(environment)}/freeze`,
  check: (environment: string) => `/api/environments/${part(environment)}/check`,
  rollBack: (environment: string) => `/api/environments/${part(environment)}/rollback`,
  repositories: '/api/repositories',
  secrets: '/api/secrets',
  secret: (name: string) => `/api/secrets/${part(name)}`,
  tokens: '/api/tokens',
  token: (id: string) => `/api/tokens/${part(id)}`,
  notifications: '/api/notifications',
  channel: (name: string) => `/api/notifications/${part(name)}`,
  testChannel: (name: string) => `/api/notifications/${part(name)}/test`,
  workers: '/api/workers',
  projects: '/api/projects',
  limits: (project: string) => `/api/projects/${part(project)}/limits`,
  deliveries: '/api/deliveries',
  replayDelivery: (id: string) => `/api/deliveries/${part(id)}/replay`,
  audit: '/api/audit',
} as const;
