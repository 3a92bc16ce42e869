// The form of a channel of notifications: texts as they are typed, and one rule.
import type { MailSettings } from '@sluice/pipelines/notify/mail-settings';
import { eventKinds, type ChannelConfig } from '@sluice/pipelines/notify/notify-event';

export interface ChannelFields {
  readonly name: string;
  readonly kind: ChannelConfig['kind'];
  readonly url: string;
  readonly secret: string;
  readonly mailFrom: string;
  readonly mailTo: string;
  readonly mailUser: string;
  readonly mailCertificates: string;
  readonly mailEncrypted: boolean;
  readonly language: ChannelConfig['language'];
  readonly events: readonly (typeof eventKinds)[number][];
  readonly environments: string;
  readonly projects: string;
}

/** Told of everything but single steps. */
export const newChannel: ChannelFields = {
  name: '',
  kind: 'dingtalk',
  url: '',
  secret: '',
  mailFrom: '',
  mailTo: '',
  mailUser: '',
  mailCertificates: '',
  mailEncrypted: true,
  language: 'en',
  events: eventKinds.filter((kind) => kind !== 'rollout-step'),
  environments: '',
  projects: '',
};

/** An address or a secret that is left empty stays as it is. */
export function readChannel(fields: ChannelFields): ChannelConfig {
  const { kind, language, url, secret, events } = fields;
  const rule = {
    events: [...events],
    projects: namesOf(fields.projects),
    environments: namesOf(fields.environments),
  };
  return {
    kind,
    language,
    rules: events.length === 0 ? [] : [rule],
    ...(url.trim() === '' ? {} : { url: url.trim() }),
    ...(secret === '' ? {} : { secret }),
    ...(kind === 'email' ? { mail: mailOf(fields) } : {}),
  };
}

function mailOf(fields: ChannelFields): MailSettings {
  const orNone = (text: string): string | null => (text.trim() === '' ? null : text.trim());
  return {
    from: fields.mailFrom.trim(),
    to: namesOf(fields.mailTo) ?? [],
    user: orNone(fields.mailUser),
    encrypted: fields.mailEncrypted,
    certificates: orNone(fields.mailCertificates),
  };
}

function namesOf(text: string): string[] | null {
  const names = text
    .split(',')
    .map((name) => name.trim())
    .filter(Boolean);
  return names.length === 0 ? null : names;
}
