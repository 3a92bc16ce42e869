// Delivers what is to be told: at least once, for one that was sent and not marked so is sent again after its lease.
import { isUrgent, type ChannelKind } from '@sluice/pipelines/notify/notify-event';
import { mailOf } from '@sluice/pipelines/notify/mail';
import { messageOf } from '@sluice/pipelines/notify/message';
import { payloadOf } from '@sluice/pipelines/notify/payload';
import type { ServerContext } from '../context.ts';
import { startPump } from '../orchestrator/pump.ts';
import { inUnit } from '../orchestrator/unit.ts';
import {
  forgetNotifications,
  listChannels,
  markNotification,
  openChannel,
  takeNotification,
  type Channel,
  type Notification,
} from '../store/notification-store.ts';
import { refused, type Delivered } from './delivered.ts';
import { postMessage } from './post-message.ts';
import { whyNotTaken } from './read-answer.ts';
import { sendMail } from './send-mail.ts';
import { signRequest } from './sign-request.ts';

export interface SendingRules {
  readonly privateHosts: readonly string[];
  /** Where people reach the page, without a slash at its end; null: messages have no link. */
  readonly publicUrl: string | null;
}

const restMs = 1_000;
const leaseMs = 60_000;
/** What was sent or given up is shown for so long. */
const keptMs = 30 * 86_400_000;
const sweepEveryMs = 3_600_000;
const mostTries = 8;
/** The first tries come soon, the last after hours. */
const backoffMs = (tries: number): number => Math.min(5_000 * 4 ** (tries - 1), 4 * 3_600_000);
/** What vendors let through (DingTalk and WeCom 20 a minute); some of it is kept for urgent ones. */
const perMinute: Readonly<Record<ChannelKind, number>> = {
  dingtalk: 20,
  wecom: 20,
  feishu: 60,
  slack: 50,
  email: 60,
  webhook: 600,
};

export function startNotifications(context: ServerContext, rules: SendingRules): { close(): Promise<void> } {
  const { log } = context;
  const sender = startPump({ name: 'notifications', log, work: () => sendNotifications(context, rules) });
  const sweeper = startPump({ name: 'old notifications', log, work: () => forgetOld(context) });
  return {
    async close() {
      await Promise.all([sender.close(), sweeper.close()]);
    },
  };
}

async function forgetOld({ db, now }: ServerContext): Promise<number> {
  await forgetNotifications(db, now() - keptMs);
  return sweepEveryMs;
}

/** Sends what is due, each channel on its own; returns how long it may rest. */
export async function sendNotifications(context: ServerContext, rules: SendingRules): Promise<number> {
  const channels = await listChannels(context.db);
  const sent = await Promise.all(channels.map((channel) => sendNext(context, rules, channel)));
  return sent.includes(true) ? 0 : restMs;
}

async function sendNext(context: ServerContext, rules: SendingRules, channel: Channel): Promise<boolean> {
  const most = perMinute[channel.kind];
  const limits = { perMinute: most, forUrgent: Math.ceil(most / 4), leaseMs };
  const taken = await inUnit(context, ({ trx, at }) => takeNotification(trx, channel.name, at, limits));
  if (taken === null) return false;
  const delivered = await deliver(context, rules, channel, taken);
  const isTaken = delivered.result === 'taken';
  const problem = isTaken ? delivered.note : delivered.problem;
  const isDead = !isTaken && (delivered.isFinal || taken.tries >= mostTries);
  const status = isTaken ? 'sent' : isDead ? 'dead' : 'waiting';
  const dueAt = context.now() + backoffMs(taken.tries);
  await markNotification(context.db, taken, { status, problem, dueAt });
  if (isDead) {
    const about = { channel: channel.name, notification: taken.id, problem };
    context.log.warn(about, 'a notification could not be delivered and is given up');
  }
  return true;
}

async function deliver(
  { sealer, now }: ServerContext,
  { privateHosts, publicUrl }: SendingRules,
  channel: Channel,
  { id, event }: Notification,
): Promise<Delivered> {
  const { name, kind, language, mail: settings } = channel;
  const message = messageOf(event, language, publicUrl);
  const address = openChannel(sealer, channel);
  if (kind === 'email') {
    if (settings === null) return refused('the channel has no mail settings: save it anew', true);
    const mail = mailOf(message, { kind: event.kind, channel: name, language });
    const outgoing = { mail, id, about: event.path, isUrgent: isUrgent(event.kind) };
    return sendMail(outgoing, { address, settings, privateHosts });
  }
  const payload = payloadOf(kind, message, { id, event });
  const posted = await postMessage(signRequest(kind, address, payload, now()), privateHosts);
  const problem = posted.ok ? whyNotTaken(kind, posted.value) : posted.error;
  return problem === null ? { result: 'taken', note: null } : refused(problem);
}
