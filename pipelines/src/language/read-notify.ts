import { channelKinds } from '../notify/notify-event.ts';
import type { Reader } from './fields.ts';
import { readList, readPlainText } from './read-values.ts';
import { report } from './reading.ts';

const most = 20;

/** `dingtalk/release`: a channel's kind and its name. Whether it is there, the server knows. */
export const readNotify: Reader<readonly string[]> = (reading, node, name) => {
  const channels = readList(readChannel)(reading, node, name);
  if (channels.length > most) {
    report(reading, node, 'wrong-value', `${name} names ${channels.length} channels; ${most} are enough.`);
  }
  return [...new Set(channels)];
};

const readChannel: Reader<string> = (reading, node, name) => {
  const text = readPlainText(reading, node, name);
  if (text === '' || isChannelName(text)) return text;
  const kind = text.split('/')[0] ?? '';
  const isKind = channelKinds.some((known) => known === kind);
  const message =
    text.includes('/') && !isKind
      ? `${name}: "${kind}" is no kind of channel. Write ${channelKinds.join(', ')}, a slash and the channel's name.`
      : `${name} must be a channel's kind and its name, such as dingtalk/release.`;
  report(reading, node, 'bad-name', message);
  return '';
};

const pattern = new RegExp(`^(${channelKinds.join('|')})/[a-z0-9][a-z0-9-]{0,48}$`);
const isChannelName = (text: string): boolean => pattern.test(text);
