import type { ChannelView, NotificationView } from '@sluice/pipelines/notify/notify-event';
import type {
  AuditView,
  DeliveryView,
  ProjectView,
  RepositoryView,
  SecretView,
  WorkerView,
} from '@sluice/pipelines/protocol/api';
import type { TokenView } from '../src/api/queries.ts';
import { id } from './fixture-ids.ts';

/** What the lists under Settings hold. */
export interface FixtureSettings {
  readonly repositories: readonly RepositoryView[];
  readonly secrets: readonly SecretView[];
  readonly tokens: readonly TokenView[];
  readonly workers: readonly WorkerView[];
  readonly projects: readonly ProjectView[];
  readonly channels: readonly ChannelView[];
  readonly messages: readonly NotificationView[];
  readonly deliveries: readonly DeliveryView[];
  readonly audit: readonly AuditView[];
}

export function fixtureSettings(now: number): FixtureSettings {
  const repository = (number: number, fullName: string, trusted: boolean) => ({
    id: id('other', number),
    project: 'default',
    fullName,
    provider: 'github' as const,
    cloneUrl: `https://git.example.com/${fullName}.git`,
    defaultBranch: 'main',
    trusted,
    shared: trusted,
  });
  const delivery = { provider: 'github', event: 'push', repository: 'acme/shop' } as const;
  return {
    repositories: [repository(1, 'acme/shop', false), repository(2, 'acme/tools', true)],
    secrets: [
      { name: 'REGISTRY_PASSWORD', updatedAt: now - 86_400_000 },
      { name: 'GATEWAY_KEY', updatedAt: now - 3_000_000_000 },
    ],
    tokens: [
      {
        id: id('other', 20),
        name: 'release script',
        user: 'admin',
        createdAt: now - 900_000_000,
        lastUsedAt: now - 40_000,
      },
      { id: id('other', 21), name: 'laptop', user: 'Mei Lin', createdAt: now - 5_000_000, lastUsedAt: null },
    ],
    workers: [
      { id: 'build-1', pool: 'default', slots: 4, busy: 0, leaving: true, lastSeenAt: now - 96_000 },
      { id: 'build-2', pool: 'default', slots: 4, busy: 2, leaving: false, lastSeenAt: now - 2_000 },
    ],
    projects: [
      {
        project: 'default',
        weight: 1,
        maxRunningStages: 8,
        maxOpenRuns: 200,
        runningStages: 8,
        openRuns: 12,
      },
      {
        project: 'shop',
        weight: 3,
        maxRunningStages: null,
        maxOpenRuns: null,
        runningStages: 2,
        openRuns: 1,
      },
    ],
    channels: [
      {
        name: 'ops',
        kind: 'dingtalk',
        host: 'oapi.dingtalk.com',
        isSigned: true,
        mail: null,
        language: 'zh',
        rules: [
          { events: ['run-failed', 'approval-wanted'], projects: null, environments: null },
          {
            events: ['rollout-promoted', 'rollout-rolled-back'],
            projects: null,
            environments: ['production'],
          },
        ],
      },
      {
        name: 'mail',
        kind: 'email',
        host: 'mail.example.com:587',
        isSigned: true,
        mail: {
          from: 'sluice@example.com',
          to: ['ops@example.com', 'release@example.com'],
          user: 'sluice',
          encrypted: true,
          certificates: null,
        },
        language: 'en',
        rules: [{ events: ['rollout-rolled-back', 'rollback-blocked'], projects: null, environments: null }],
      },
    ],
    messages: [
      {
        id: id('other', 32),
        channel: 'mail',
        kind: 'rollout-rolled-back',
        subject: 'r417-9c1d2e3',
        status: 'waiting',
        tries: 2,
        at: now - 30_000,
        problem: 'it refused the message: 451 4.7.1 Greylisted, please try again',
      },
      {
        id: id('other', 30),
        channel: 'ops',
        kind: 'approval-wanted',
        subject: 'r418',
        status: 'sent',
        tries: 1,
        at: now - 70_000,
        problem: null,
      },
      {
        id: id('other', 31),
        channel: 'ops',
        kind: 'run-failed',
        subject: 'shop',
        status: 'dead',
        tries: 8,
        at: now - 86_400_000,
        problem: 'it refused the message: 310000 sign not match',
      },
    ],
    deliveries: [
      {
        ...delivery,
        id: id('other', 10),
        receivedAt: now - 74_000,
        status: 'started',
        reason: null,
        runIds: [id('run', 418)],
      },
      {
        ...delivery,
        id: id('other', 11),
        receivedAt: now - 900_000,
        status: 'ignored',
        reason: 'the commit message asks for it: [skip ci]',
        runIds: [],
      },
      {
        ...delivery,
        id: id('other', 12),
        event: 'ping',
        receivedAt: now - 990_000,
        status: 'ignored',
        reason: 'a ping starts nothing',
        runIds: [],
      },
      {
        ...delivery,
        id: id('other', 13),
        receivedAt: now - 5_200_000,
        status: 'failed',
        reason:
          'the repository could not be read: authentication failed. Renew its credentials under Settings → Repositories, then replay.',
        runIds: [],
      },
    ],
    audit: [
      { id: '3', at: now - 60_000, who: 'admin', action: 'signed-in', subject: 'admin', from: '127.0.0.1' },
      {
        id: '2',
        at: now - 3_000_000,
        who: 'admin',
        action: 'secret-written',
        subject: 'REGISTRY_PASSWORD',
        from: '10.0.4.7',
      },
      { id: '1', at: now - 21_990_000, who: 'admin', action: 'run-cancelled', subject: '#407', from: null },
    ],
  };
}
