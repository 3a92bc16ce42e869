import type {
  ChannelConfig,
  ChannelKind,
  ChannelView,
  NotificationView,
  NotifyEvent,
} from '@sluice/pipelines/notify/notify-event';
import { isUrgent } from '@sluice/pipelines/notify/notify-event';
import { sql, type Selectable } from 'kysely';
import type { Sealer } from '../context.ts';
import type { Database, Trx } from './database.ts';
import type { NotificationTables } from './notification-schema.ts';

export type Channel = Selectable<NotificationTables['notification_channels']>;
export type Notification = Selectable<NotificationTables['notifications']>;

const urlPlace = (name: string): string => `notification-url:${name}`;
const secretPlace = (name: string): string => `notification-secret:${name}`;

export async function listChannels(db: Database): Promise<readonly Channel[]> {
  return db.selectFrom('notification_channels').selectAll().orderBy('name').execute();
}

/** By name. */
export async function channelKinds(db: Database): Promise<ReadonlyMap<string, ChannelKind>> {
  const rows = await db.selectFrom('notification_channels').select(['name', 'kind']).execute();
  return new Map(rows.map(({ name, kind }) => [name, kind]));
}

export const channelView = (channel: Channel): ChannelView => ({
  name: channel.name,
  kind: channel.kind,
  host: channel.host,
  isSigned: channel.secret_sealed !== null,
  mail: channel.mail,
  language: channel.language,
  rules: channel.rules,
});

/** False where it is a new channel without an address, or one whose address is of another kind. */
export async function saveChannel(
  trx: Trx,
  sealer: Sealer,
  { name, config, at }: { readonly name: string; readonly config: ChannelConfig; readonly at: number },
): Promise<boolean> {
  const { url, secret, kind, mail, language, rules } = config;
  const known = await trx
    .selectFrom('notification_channels')
    .selectAll()
    .where('name', '=', name)
    .forUpdate()
    .executeTakeFirst();
  const kept = (known?.kind === 'email') === (kind === 'email') ? known : undefined;
  const address =
    url === undefined ? kept : { url_sealed: sealer.seal(url, urlPlace(name)), host: new URL(url).host };
  if (address === undefined) return false;
  const sealed = typeof secret === 'string' ? sealer.seal(secret, secretPlace(name)) : secret;
  const changed = {
    kind,
    host: address.host,
    url_sealed: address.url_sealed,
    secret_sealed: sealed === undefined ? (kept?.secret_sealed ?? null) : sealed,
    mail: mail === undefined ? null : JSON.stringify(mail),
    language,
    rules: JSON.stringify(rules),
    updated_at: at,
  };
  await trx
    .insertInto('notification_channels')
    .values({ name, ...changed })
    .onConflict((conflict) => conflict.column('name').doUpdateSet(changed))
    .execute();
  return true;
}

/** False when there was none. What it was still to send is forgotten. */
export async function deleteChannel(trx: Trx, name: string): Promise<boolean> {
  const { numDeletedRows } = await trx
    .deleteFrom('notification_channels')
    .where('name', '=', name)
    .executeTakeFirst();
  return numDeletedRows > 0n;
}

export interface ChannelAddress {
  readonly url: string;
  readonly secret: string | null;
}

export const openChannel = (sealer: Sealer, channel: Channel): ChannelAddress => ({
  url: sealer.open(channel.url_sealed, urlPlace(channel.name)),
  secret:
    channel.secret_sealed === null ? null : sealer.open(channel.secret_sealed, secretPlace(channel.name)),
});

/** Once for each channel and key, in the transaction of what is told. */
export async function addNotifications(
  trx: Trx,
  news: readonly {
    readonly id: string;
    readonly channel: string;
    readonly key: string;
    readonly event: NotifyEvent;
  }[],
): Promise<void> {
  if (news.length === 0) return;
  await trx
    .insertInto('notifications')
    .values(
      news.map(({ id, channel, key, event }) => ({
        id,
        channel,
        dedupe_key: key,
        event: JSON.stringify(event),
        urgent: isUrgent(event.kind),
        status: 'waiting' as const,
        created_at: event.at,
        due_at: event.at,
        tried_at: null,
        problem: null,
      })),
    )
    .onConflict((conflict) => conflict.columns(['channel', 'dedupe_key']).doNothing())
    .execute();
}

/**
 * The next one of a channel, for `leaseMs` nobody else's: urgent ones first, then the oldest. Null: nothing is due, or
 * the channel has sent as much as it may in the last minute. Some of that is left for urgent ones.
 */
export async function takeNotification(
  trx: Trx,
  channel: string,
  now: number,
  limits: { readonly perMinute: number; readonly forUrgent: number; readonly leaseMs: number },
): Promise<Notification | null> {
  await sql`select 1 from notification_channels where name = ${channel} for no key update`.execute(trx);
  const { count } = await trx
    .selectFrom('notifications')
    .select(({ fn }) => fn.countAll<string>().as('count'))
    .where('channel', '=', channel)
    .where('tried_at', '>', now - 60_000)
    .executeTakeFirstOrThrow();
  const room = limits.perMinute - Number(count);
  if (room <= 0) return null;
  let query = trx
    .selectFrom('notifications')
    .selectAll()
    .where('channel', '=', channel)
    .where('status', '=', 'waiting')
    .where('due_at', '<=', now)
    .orderBy('urgent', 'desc')
    .orderBy('created_at')
    .limit(1);
  if (room <= limits.forUrgent) query = query.where('urgent', '=', true);
  const next = await query.executeTakeFirst();
  if (next === undefined) return null;
  const tried = { tries: next.tries + 1, tried_at: now, due_at: now + limits.leaseMs };
  await trx.updateTable('notifications').set(tried).where('id', '=', next.id).execute();
  return { ...next, ...tried };
}

/** After a try that nobody has made again meanwhile. */
export async function markNotification(
  db: Database,
  { id, tries }: Notification,
  end: { readonly status: Notification['status']; readonly problem: string | null; readonly dueAt: number },
): Promise<void> {
  await db
    .updateTable('notifications')
    .set({ status: end.status, problem: end.problem, due_at: end.dueAt })
    .where('id', '=', id)
    .where('tries', '=', tries)
    .execute();
}

/** Newest first. */
export async function listNotifications(db: Database, limit: number): Promise<readonly NotificationView[]> {
  const rows = await db
    .selectFrom('notifications')
    .selectAll()
    .orderBy('created_at', 'desc')
    .limit(limit)
    .execute();
  return rows.map(({ id, channel, event, status, tries, created_at: at, problem }) => ({
    id,
    channel,
    kind: event.kind,
    subject: event.subject,
    status,
    tries,
    at,
    problem,
  }));
}

/** Those that were sent or given up, of before that time. */
export async function forgetNotifications(db: Database, before: number): Promise<void> {
  await db
    .deleteFrom('notifications')
    .where('status', '!=', 'waiting')
    .where('created_at', '<', before)
    .execute();
}
