// The form of a channel of notifications: texts as they are typed, and one rule.
import { eventKinds, type ChannelConfig } from '@sluice/pipelines/notify/notify-event';

export interface ChannelFields {
  readonly name: string;
  readonly kind: ChannelConfig['kind'];
  readonly url: string;
  readonly secret: string;
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
  };
}

function namesOf(text: string): string[] | null {
  const names = text
    .split(',')
    .map((name) => name.trim())
    .filter(Boolean);
  return names.length === 0 ? null : names;
}
