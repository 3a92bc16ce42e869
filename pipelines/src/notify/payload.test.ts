import { expect, test } from 'vitest';
import { messageOf } from './message.ts';
import { channelKinds, wants, type NotifyEvent } from './notify-event.ts';
import { payloadOf } from './payload.ts';

const event: NotifyEvent = {
  kind: 'rollout-rolled-back',
  project: 'shop',
  repository: 'acme/shop',
  environment: 'production',
  subject: 'r12-abcdef0',
  run: { number: 12, ref: 'main' },
  path: '/rollouts/1',
  reason: '[click](http://evil)\n# <!channel> @all & *bold*',
  at: 0,
};
const sent = { id: 'id', event };
const message = messageOf(event, 'en', 'https://ci.example.com');

test('a message says what, where and why, in the language of its channel, with a link', () => {
  expect(message).toEqual({
    title: 'Rolled back: r12-abcdef0 → production',
    lines: ['acme/shop · main · #12', event.reason],
    link: 'https://ci.example.com/rollouts/1',
  });
  expect(messageOf(event, 'zh', null)).toMatchObject({
    title: '已回滚: r12-abcdef0 → production',
    link: null,
  });
});

test('nothing that people write becomes markup of DingTalk, WeCom or Slack', () => {
  for (const kind of ['dingtalk', 'wecom'] as const) {
    const text = JSON.stringify(payloadOf(kind, message, sent));
    expect(text).not.toContain('[click](');
    expect(text).not.toContain('<!channel>');
    expect(text).not.toContain('\\n# ');
    expect(text).toContain('(https://ci.example.com/rollouts/1)');
  }
  expect(JSON.stringify(payloadOf('slack', message, sent))).toContain('&lt;!channel&gt; @all &amp; ');
});

test('every vendor has its own shape', () => {
  const posted = channelKinds.filter((kind) => kind !== 'email');
  expect(posted.map((kind) => Object.keys(payloadOf(kind, message, sent)))).toEqual([
    ['msgtype', 'markdown'],
    ['msg_type', 'content'],
    ['msgtype', 'markdown'],
    ['text'],
    ['id', 'event', 'title', 'lines', 'link'],
  ]);
});

test('a message to WeCom ends within its 4,096 bytes, between two characters', () => {
  const long = { ...message, lines: ['发'.repeat(3_000)] };
  const { markdown } = payloadOf('wecom', long, sent);
  const content = JSON.stringify(markdown);
  expect(new TextEncoder().encode(content).length).toBeLessThan(4_200);
  expect(content).not.toContain('\uFFFD');
});

test('a rule wants its events, of its projects and its environments', () => {
  const rule = { events: ['rollout-rolled-back'], projects: null, environments: null } as const;
  expect(wants([{ ...rule, events: [...rule.events] }], event)).toBe(true);
  expect(wants([{ ...rule, events: ['run-failed'] }], event)).toBe(false);
  expect(wants([{ ...rule, events: [...rule.events], projects: ['other'] }], event)).toBe(false);
  expect(wants([{ ...rule, events: [...rule.events], environments: ['production'] }], event)).toBe(true);
  const ofRun = { ...event, environment: null };
  expect(wants([{ ...rule, events: [...rule.events], environments: ['production'] }], ofRun)).toBe(false);
});
