// How each vendor wants a message to be signed.
import type { PostedKind } from '@sluice/pipelines/notify/notify-event';
import { createHmac } from 'node:crypto';
import type { ChannelAddress } from '../store/notification-store.ts';

export interface SignedRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * DingTalk: `timestamp` (milliseconds) and `sign` in the query, base64(HMAC-SHA256(secret, timestamp + "\n" + secret)).
 * Feishu: `timestamp` (seconds) and `sign` in the body, base64(HMAC-SHA256(timestamp + "\n" + secret, "")).
 * Webhook: headers `x-sluice-timestamp` (seconds) and `x-sluice-signature-256`, hex(HMAC-SHA256(secret, timestamp +
 * "." + body)). Slack and WeCom have their secret in the address.
 */
export function signRequest(
  kind: PostedKind,
  { url, secret }: ChannelAddress,
  payload: Readonly<Record<string, unknown>>,
  now: number,
): SignedRequest {
  const headers = { 'content-type': 'application/json; charset=utf-8' };
  const plain = { url, headers, body: JSON.stringify(payload) };
  if (secret === null) return plain;
  const seconds = String(Math.floor(now / 1_000));
  switch (kind) {
    case 'dingtalk': {
      const signed = new URL(url);
      signed.searchParams.set('timestamp', String(now));
      signed.searchParams.set('sign', hmac(secret, `${now}\n${secret}`).toString('base64'));
      return { ...plain, url: signed.href };
    }
    case 'feishu': {
      const sign = hmac(`${seconds}\n${secret}`, '').toString('base64');
      return { ...plain, body: JSON.stringify({ timestamp: seconds, sign, ...payload }) };
    }
    case 'webhook': {
      const signature = hmac(secret, `${seconds}.${plain.body}`).toString('hex');
      const signing = { 'x-sluice-timestamp': seconds, 'x-sluice-signature-256': `sha256=${signature}` };
      return { ...plain, headers: { ...headers, ...signing } };
    }
    case 'slack':
    case 'wecom':
      return plain;
  }
}

const hmac = (key: string, text: string): Buffer => createHmac('sha256', key).update(text).digest();
