// A message as an e-mail: plain text and simple HTML that say the same.
import type { Message } from './message.ts';
import type { EventKind } from './notify-event.ts';

export interface Mail {
  /** One line, whatever people have written into names. */
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

/** `channel`: its name, so that who gets the mail knows what to ask to be left out of. */
export function mailOf(
  message: Message,
  about: { readonly kind: EventKind; readonly channel: string; readonly language: 'en' | 'zh' },
): Mail {
  const { title, lines, link } = message;
  const why = whySent[about.language](about.channel);
  return {
    subject: oneLine(title),
    text: [
      oneLine(title),
      '',
      ...lines.map(visible),
      ...(link === null ? [] : ['', link]),
      '',
      '-- ',
      why,
      '',
    ].join('\n'),
    html: [
      `<!doctype html><html lang="${about.language}"><head><meta charset="utf-8"><meta name="color-scheme" content="light dark"></head>`,
      '<body style="margin:0;padding:16px;font:15px/1.5 system-ui,sans-serif">',
      `<div style="max-width:640px;border-left:4px solid ${colours[about.kind]};padding:4px 16px">`,
      `<h1 style="margin:0 0 8px;font-size:18px;line-height:1.3">${escape(oneLine(title))}</h1>`,
      ...lines.map((line) => `<p style="margin:0 0 8px;white-space:pre-wrap">${escape(visible(line))}</p>`),
      ...(link === null ? [] : [`<p style="margin:0"><a href="${escape(link)}">${escape(link)}</a></p>`]),
      '</div>',
      `<p style="max-width:640px;margin:16px 0 0;font-size:12px;opacity:.7">${escape(why)}</p>`,
      '</body></html>',
    ].join('\n'),
  };
}

const whySent = {
  en: (channel: string) => `Sluice sends this because the channel "${channel}" is told of it.`,
  zh: (channel: string) => `Sluice 发送此邮件，因为通知渠道“${channel}”订阅了此事件。`,
} as const;

/** As on the page: red is broken, amber waits for a person, green is good. */
const [red, amber, green, grey] = ['#c92a2a', '#e67700', '#2b8a3e', '#868e96'] as const;
const colours: Readonly<Record<EventKind, string>> = {
  'run-failed': red,
  'run-recovered': green,
  'approval-wanted': amber,
  'rollout-step': grey,
  'rollout-promoted': green,
  'rollout-rolled-back': red,
  'rollout-held': amber,
  'rollout-frozen': grey,
  'rollback-blocked': red,
  drift: amber,
  test: grey,
};

/** Control characters, and those that turn the direction of the text around, would show something that is not there. */
const visible = (text: string): string =>
  text.replace(/\r\n?/g, '\n').replace(/(?!\n)[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, ' ');

const oneLine = (text: string): string => visible(text).replace(/\s+/g, ' ').trim().slice(0, 250);

const escape = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => entities[character] ?? character);

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
