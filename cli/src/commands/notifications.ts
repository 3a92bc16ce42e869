// `sluice notifications`: where people are told of what, and whether they were.
import { setTimeout as sleep } from 'node:timers/promises';
import pc from 'picocolors';
import {
  channelConfig,
  type ChannelView,
  type NotificationView,
  type NotifyRule,
} from '@sluice/pipelines/notify/notify-event';
import { readSettings } from '@sluice/pipelines/read-settings';
import { ApiError, type ApiClient } from '../api-client.ts';
import { age } from '../state-word.ts';

interface Notifications {
  readonly channels: readonly ChannelView[];
  readonly messages: readonly NotificationView[];
}

const read = (api: ApiClient) => api.call<Notifications>('GET', '/api/notifications');
const pathOf = (name: string): string => `/api/notifications/${encodeURIComponent(name)}`;

export async function listNotifications(
  api: ApiClient,
  options: { readonly json: boolean },
  now: number,
): Promise<string> {
  const all = await read(api);
  if (options.json) return JSON.stringify(all, null, 2);
  if (all.channels.length === 0) return 'no channels yet: sluice notifications set <channel> <file>';
  return [
    ...all.channels.flatMap(formatChannel),
    '',
    ...all.messages.slice(0, mostShown).map((message) => formatMessage(message, now)),
  ].join('\n');
}

/** `text`: YAML or JSON of a channel; an address or a secret that is left out stays as it is. */
export async function setChannel(api: ApiClient, name: string, text: string): Promise<string> {
  const config = readSettings(channelConfig, text);
  if (!config.ok) throw new ApiError(`the channel cannot be used:\n${config.error}`, 'bad-channel', null);
  await api.call('PUT', pathOf(name), config.value.written);
  return `saved; try it with: sluice notifications test ${name}`;
}

export async function removeChannel(api: ApiClient, name: string): Promise<string> {
  await api.call('DELETE', pathOf(name));
  return `removed ${name}, and what it was still to send`;
}

/** Sends a message and waits until the vendor has taken it. Throws with the vendor's own words where it has not. */
export async function testChannel(api: ApiClient, name: string, everyMs = 500): Promise<string> {
  const { id } = await api.call<{ readonly id: string }>('POST', `${pathOf(name)}/test`);
  for (let looked = 0; looked < mostLooks; looked += 1) {
    const { messages } = await read(api);
    const message = messages.find((each) => each.id === id);
    const problem = message?.problem ?? null;
    if (message?.status === 'sent')
      return `${name} has taken it${problem === null ? '' : `, but ${problem}`}`;
    if (problem !== null) throw new ApiError(`${name}: ${problem}`, 'not-delivered', null);
    await sleep(everyMs);
  }
  throw new ApiError(`${name} has not answered yet: see sluice notifications`, 'not-delivered', null);
}

const mostShown = 15;
const mostLooks = 60;

function formatChannel(channel: ChannelView): readonly string[] {
  const { name, kind, host, language, rules } = channel;
  return [
    `${pc.bold(name)}  ${kind} at ${host} ${pc.dim(`${howOf(channel)}, ${language}`)}`,
    ...(rules.length === 0 ? [pc.dim('  is told of nothing yet')] : rules.map((rule) => `  ${ruleOf(rule)}`)),
  ];
}

function howOf({ mail, isSigned }: ChannelView): string {
  if (mail === null) return isSigned ? 'signed' : 'not signed';
  const encrypted = mail.encrypted ? 'encrypted' : 'encrypted where the server can';
  const as = mail.user === null ? '' : `, as ${mail.user}${isSigned ? '' : ' without a password'}`;
  return `from ${mail.from} to ${mail.to.join(', ')}${as}, ${encrypted}`;
}

function ruleOf({ events, projects, environments }: NotifyRule): string {
  const of = projects === null ? '' : ` of ${projects.join(', ')}`;
  const where = environments === null ? '' : ` in ${environments.join(', ')}`;
  return `${events.join(', ')}${of}${where}`;
}

function formatMessage(message: NotificationView, now: number): string {
  const { channel, kind, subject, status, tries, at, problem } = message;
  const colour = { sent: pc.green, waiting: pc.yellow, dead: pc.red }[status];
  const why = problem === null ? '' : `: ${problem} (${tries} ${tries === 1 ? 'try' : 'tries'})`;
  return `${colour(status.padEnd(7))} ${channel}  ${kind} ${subject} ${pc.dim(age(now - at))}${why}`;
}
