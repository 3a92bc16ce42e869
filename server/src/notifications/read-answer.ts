import type { PostedKind } from '@sluice/pipelines/notify/notify-event';
import { z } from 'zod';
import type { Posted } from './post-message.ts';

const codes = z.object({
  errcode: z.number().optional(),
  errmsg: z.string().optional(),
  code: z.number().optional(),
  msg: z.string().optional(),
});

/** Null: the vendor has taken it. DingTalk, WeCom and Feishu answer 200 with a code also where they have not. */
export function whyNotTaken(kind: PostedKind, { status, body }: Posted): string | null {
  if (status >= 300 && status < 400) return `it answered ${status}: redirects are not followed`;
  if (status < 200 || status >= 300) return `it answered ${status}`;
  if (kind === 'slack' || kind === 'webhook') return null;
  const read = codes.safeParse(parse(body));
  if (!read.success) return 'it answered 200 with something that is not its own format';
  const { errcode, errmsg, code, msg } = read.data;
  const answered = kind === 'feishu' ? code : errcode;
  if (answered === 0) return null;
  const words = (kind === 'feishu' ? msg : errmsg) ?? '';
  return `it refused the message: ${answered ?? 'no code'} ${words.slice(0, 300)}`.trim();
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
