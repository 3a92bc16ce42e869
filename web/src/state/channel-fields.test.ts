import { channelConfig } from '@sluice/pipelines/notify/notify-event';
import { expect, test } from 'vitest';
import { newChannel, readChannel } from './channel-fields.ts';

test('what the form sends is what the server takes', () => {
  const fields = { ...newChannel, url: ' https://hooks.example.com/x ', environments: 'production, staging' };
  const read = readChannel(fields);
  expect(channelConfig.parse(read)).toEqual(read);
  expect(read).toMatchObject({
    url: 'https://hooks.example.com/x',
    rules: [{ environments: ['production', 'staging'], projects: null }],
  });
});

test('an address and a secret that are left empty are not sent, and stay', () => {
  expect(readChannel(newChannel)).not.toHaveProperty('url');
  expect(readChannel(newChannel)).not.toHaveProperty('secret');
});

test('a channel of e-mail has its settings, and no other channel has', () => {
  const fields = {
    ...newChannel,
    kind: 'email',
    url: 'smtp://mail.example.com',
    mailFrom: 'sluice@example.com',
    mailTo: 'ops@example.com, dev@example.com',
    mailUser: ' sluice ',
  } as const;
  const read = readChannel(fields);
  expect(channelConfig.parse(read)).toEqual(read);
  expect(read.mail).toMatchObject({
    to: ['ops@example.com', 'dev@example.com'],
    user: 'sluice',
    encrypted: true,
    certificates: null,
  });
  expect(readChannel({ ...fields, kind: 'slack' })).not.toHaveProperty('mail');
});
