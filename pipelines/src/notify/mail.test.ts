import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import { mailOf } from './mail.ts';
import { channelConfig } from './notify-event.ts';

const about = { kind: 'run-failed', channel: 'ops', language: 'en' } as const;
const message = {
  title: 'Failed: shop',
  lines: ['acme/shop · main · #12', 'test: exit code 1\n<script>alert(1)</script> & more'],
  link: 'https://ci.example.com/runs/1',
};

test('text and HTML say the same: what, where, why, the link, and who sends it to whom', () => {
  const { subject, text, html } = mailOf(message, about);
  expect(subject).toBe('Failed: shop');
  expect(text).toBe(
    [
      'Failed: shop',
      '',
      'acme/shop · main · #12',
      'test: exit code 1',
      '<script>alert(1)</script> & more',
      '',
      'https://ci.example.com/runs/1',
      '',
      '-- ',
      'Sluice sends this because the channel "ops" is told of it.',
      '',
    ].join('\n'),
  );
  expect(html).toContain('&lt;script&gt;alert(1)&lt;/script&gt; &amp; more');
  expect(html).toContain('<a href="https://ci.example.com/runs/1">');
  expect(html).toContain('lang="en"');
  expect(mailOf(message, { ...about, language: 'zh' }).html).toContain('lang="zh"');
});

test.prop([fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' })])(
  'nothing that people write ends a line of the head or becomes markup',
  (name, line) => {
    const { subject, html } = mailOf({ title: `Failed: ${name}`, lines: [line], link: null }, about);
    expect(subject).not.toMatch(/[\p{Cc}\u2028\u2029]/u);
    const tags = [...html.matchAll(/<[^>]*>/g)].map(([tag]) => tag);
    const usual = [...mailOf({ title: '', lines: [''], link: null }, about).html.matchAll(/<[^>]*>/g)];
    expect(tags).toEqual(usual.map(([tag]) => tag));
  },
);

test('a name that turns the direction of text around shows as it is', () => {
  expect(mailOf({ ...message, title: 'Failed: \u202egnp.exe' }, about).subject).toBe('Failed: gnp.exe');
});

test('a channel of e-mail is checked as a whole when it is saved', () => {
  const mail = { from: 'sluice@example.com', to: ['ops@example.com'] };
  const problems = (config: object): readonly string[] => {
    const read = channelConfig.safeParse({
      kind: 'email',
      url: 'smtp://mail.example.com:587',
      mail,
      ...config,
    });
    return read.success ? [] : read.error.issues.map(({ path, message: why }) => `${path.join('.')}: ${why}`);
  };
  expect(problems({})).toEqual([]);
  expect(problems({ mail: undefined })).toEqual(['mail: a channel of e-mail needs it: from and to']);
  expect(problems({ kind: 'slack', url: 'https://hooks.slack.com/x' })).toEqual([
    'mail: only a channel of e-mail has it',
  ]);
  expect(problems({ url: 'https://mail.example.com' })).toEqual(['url: must begin with smtp:// or smtps://']);
  expect(problems({ url: 'smtp://me:pass@mail.example.com' })[0]).toContain('the password into secret');
  expect(problems({ mail: { ...mail, user: 'me', encrypted: false } })[0]).toContain(
    'only sent over an encrypted',
  );
  for (const to of ['a@b.c\r\nBcc: d@e.f', 'a@b.c, d@e.f', 'Ops <a@b.c>', 'a', '"x y"@b.c']) {
    expect(problems({ mail: { ...mail, to: [to] } })).toEqual(['mail.to.0: must be like ops@example.com']);
  }
  expect(problems({ mail: { ...mail, certificates: 'nonsense' } })[0]).toContain('BEGIN CERTIFICATE');
});
