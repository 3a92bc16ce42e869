// A message as each vendor wants it, with everything escaped that its markup would take for more than text.
import type { Message } from './message.ts';
import type { NotifyEvent, PostedKind } from './notify-event.ts';

/** The body to post, before it is signed. `id` is the same for every try. */
export function payloadOf(
  kind: PostedKind,
  message: Message,
  sent: { readonly id: string; readonly event: NotifyEvent },
): Readonly<Record<string, unknown>> {
  const { title, lines, link } = message;
  switch (kind) {
    case 'dingtalk': {
      const text = [`### ${markdown(title)}`, ...lines.map(markdown), ...linkTo(link)].join('\n\n');
      return { msgtype: 'markdown', markdown: { title, text } };
    }
    case 'wecom': {
      const content = [`**${markdown(title)}**`, ...lines.map(markdown), ...linkTo(link)].join('\n');
      return { msgtype: 'markdown', markdown: { content: cutBytes(content, mostWecomBytes) } };
    }
    case 'feishu': {
      const text = (line: string) => [{ tag: 'text', text: line }];
      const content = [
        ...lines.map(text),
        ...(link === null ? [] : [[{ tag: 'a', text: link, href: link }]]),
      ];
      return { msg_type: 'post', content: { post: { zh_cn: { title, content } } } };
    }
    case 'slack':
      return {
        text: [`*${slack(title)}*`, ...lines.map(slack), ...(link === null ? [] : [slack(link)])].join('\n'),
      };
    case 'webhook':
      return { id: sent.id, event: sent.event, title, lines, link };
  }
}

const linkTo = (link: string | null): readonly string[] => (link === null ? [] : [`[${link}](${link})`]);

/** Line breaks too: a name or a reason must not begin a heading or a list of its own. */
const markdown = (text: string): string =>
  onOneLine(text).replace(/[\\`*_{}[\]()#+!|<>~@-]/g, String.raw`\$&`);

const onOneLine = (text: string): string =>
  text
    .split('\n')
    .map((line) => line.trim())
    .join(' ');

/** As Slack documents it: these three, and no others. */
const slack = (text: string): string =>
  text
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/[*_~`]/g, '\u200B$&');

const mostWecomBytes = 4_096;

/** Whole characters only. */
function cutBytes(text: string, most: number): string {
  let bytes = 0;
  let end = 0;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    if (bytes > most) return text.slice(0, end);
    end += character.length;
  }
  return text;
}
