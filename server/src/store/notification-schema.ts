import type { ChannelKind, NotifyEvent, NotifyRule } from '@sluice/pipelines/notify/notify-event';
import type { MailSettings } from '@sluice/pipelines/notify/mail-settings';
import type { ColumnType } from 'kysely';

/** Tables of what people are told. */
export interface NotificationTables {
  notification_channels: NotificationChannelTable;
  notifications: NotificationTable;
}

interface NotificationChannelTable {
  name: string;
  kind: ChannelKind;
  /** Of the address, for people: the rest of it is a secret. */
  host: string;
  url_sealed: string;
  /** Signs what is sent, or signs in to the mail server; null: nothing does. */
  secret_sealed: string | null;
  /** Of e-mail only. */
  mail: ColumnType<MailSettings | null, string | null, string | null>;
  language: 'en' | 'zh';
  rules: ColumnType<readonly NotifyRule[], string, string>;
  updated_at: number;
}

/**
 * waiting ─┬─► sent   (the vendor has taken it; one that was sent and not marked is sent again)
 *     ▲ └──┤ a failed try, due later
 *          └─► dead   (after the last try, with its problem)
 */
interface NotificationTable {
  id: string;
  channel: string;
  /** The same news is told once in a channel. */
  dedupe_key: string;
  event: ColumnType<NotifyEvent, string, string>;
  urgent: boolean;
  status: 'waiting' | 'sent' | 'dead';
  tries: ColumnType<number, number | undefined, number>;
  created_at: number;
  /** While somebody sends it, the end of that one's lease. */
  due_at: number;
  tried_at: number | null;
  problem: string | null;
}
