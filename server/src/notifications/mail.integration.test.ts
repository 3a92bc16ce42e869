import { channelConfig, type NotifyEvent } from '@sluice/pipelines/notify/notify-event';
import { createServer } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { openTestCore, redisUrl, type TestCore } from '../orchestrator/test-core.ts';
import { inUnit } from '../orchestrator/unit.ts';
import {
  addNotifications,
  deleteChannel,
  listNotifications,
  saveChannel,
} from '../store/notification-store.ts';
import {
  makeCertificate,
  openMailServer,
  type Certificate,
  type MailServer,
  type ReceivedMail,
} from './mail-server.fixture.ts';
import { sendNotifications } from './send-notifications.ts';

const rules = { privateHosts: ['127.0.0.1', 'localhost'], publicUrl: 'https://ci.example.com' };
const account = { user: 'sluice', password: 'pass-of-the-test' };

describe.skipIf(redisUrl === undefined)('e-mail (needs REDIS_URL)', () => {
  let core: TestCore;
  let certificate: Certificate;
  beforeAll(async () => {
    [core, certificate] = await Promise.all([openTestCore(), makeCertificate()]);
  });
  afterEach(async () => {
    await inUnit(core.context, ({ trx }) => deleteChannel(trx, 'ops'));
  });
  afterAll(() => core.close());

  async function aChannel(
    url: string,
    changed: { readonly secret?: string; readonly language?: 'zh'; readonly mail?: object } = {},
  ): Promise<void> {
    const mail = {
      from: 'sluice@example.com',
      to: ['ops@example.com'],
      certificates: certificate.cert,
      ...changed.mail,
    };
    const config = channelConfig.parse({ kind: 'email', url, ...changed, mail });
    await inUnit(core.context, ({ trx, at }) =>
      saveChannel(trx, core.context.sealer, { name: 'ops', config, at }),
    );
  }
  const tell = (about: Partial<NotifyEvent> = {}) =>
    inUnit(core.context, ({ trx, at, newId }) => {
      const event = {
        kind: 'run-failed',
        project: 'default',
        repository: 'acme/shop',
        environment: null,
        subject: 'shop',
        run: { number: 12, ref: 'main' },
        path: '/runs/1',
        reason: 'test: exit code 1',
        at,
        ...about,
      } as const;
      const id = newId();
      return addNotifications(trx, [{ id, channel: 'ops', key: id, event }]);
    });
  const send = async (publicUrl = rules.privateHosts) => {
    await sendNotifications(core.context, { ...rules, privateHosts: publicUrl });
    return (await listNotifications(core.context.db, 1))[0];
  };
  const only = ({ received }: MailServer): ReceivedMail => {
    const [mail] = received;
    if (mail === undefined || received.length > 1) throw new Error(`${received.length} mails were received`);
    return mail;
  };

  test('a mail goes out encrypted, with the password of its channel, as text and as HTML', async () => {
    await using server = await openMailServer({ certificate, account });
    const sealed = { secret: account.password, mail: { user: account.user } };
    await aChannel(`smtp://127.0.0.1:${server.port}`, sealed);
    await tell();
    expect(await send()).toMatchObject({ status: 'sent', tries: 1, problem: null });
    const mail = only(server);
    expect(mail).toMatchObject({
      from: 'sluice@example.com',
      to: ['ops@example.com'],
      user: 'sluice',
      isEncrypted: true,
    });
    expect(mail.raw).toContain('Subject: Failed: shop\r\n');
    expect(mail.raw).toContain('Auto-Submitted: auto-generated');
    expect(mail.raw).toContain('multipart/alternative');
    expect(mail.raw).toContain('test: exit code 1');
    expect(mail.raw).toContain('https://ci.example.com/runs/1');
    const rows = await core.context.db.selectFrom('notification_channels').selectAll().execute();
    expect(JSON.stringify(rows)).not.toContain(account.password);
  });

  test('a server that speaks TLS from the first byte is spoken to like that, by its name', async () => {
    await using server = await openMailServer({ certificate, isTlsFromStart: true });
    await aChannel(`smtps://localhost:${server.port}`, { language: 'zh' });
    await tell();
    expect(await send()).toMatchObject({ status: 'sent' });
    const { raw, isEncrypted } = only(server);
    expect(isEncrypted).toBe(true);
    // “失败…”, as RFC 2047 writes it.
    expect(raw).toMatch(/^Subject: =\?UTF-8\?Q\?=E5=A4=B1=E8=B4=A5/m);
  });

  test('nothing goes in the clear unless the operator allows it', async () => {
    await using server = await openMailServer({ certificate, offersTls: false });
    await aChannel(`smtp://127.0.0.1:${server.port}`);
    await tell();
    expect(await send()).toMatchObject({
      status: 'waiting',
      problem: expect.stringContaining('offers no encryption that can be used'),
    });
    expect(server.received).toHaveLength(0);
    await aChannel(`smtp://127.0.0.1:${server.port}`, { mail: { encrypted: false } });
    core.passTime(10_000);
    expect(await send()).toMatchObject({ status: 'sent' });
    expect(only(server).isEncrypted).toBe(false);
  });

  test('a certificate that nobody trusts is named, and nothing is sent', async () => {
    await using server = await openMailServer({ certificate, account });
    const trustsNobody = { user: account.user, certificates: null };
    await aChannel(`smtp://127.0.0.1:${server.port}`, { secret: account.password, mail: trustsNobody });
    await tell();
    expect(await send()).toMatchObject({
      status: 'waiting',
      problem: expect.stringMatching(
        /^the certificate of "127.0.0.1" is not trusted: self-signed certificate/,
      ),
    });
    expect(server.received).toHaveLength(0);
  });

  test('a server that puts off is asked again, one that refuses for good is not, with its words', async () => {
    await using server = await openMailServer({ certificate });
    await aChannel(`smtp://127.0.0.1:${server.port}`);
    server.answer(451, '4.7.1 Greylisted, try again');
    await tell();
    const greylisted = 'it refused the message: 451 4.7.1 Greylisted, try again';
    expect(await send()).toMatchObject({ status: 'waiting', tries: 1, problem: greylisted });
    server.answer(null);
    core.passTime(10_000);
    expect(await send()).toMatchObject({ status: 'sent', tries: 2 });
    server.answer(550, '5.1.1 no such user');
    await tell();
    const refused = { status: 'dead', tries: 1, problem: 'it refused the message: 550 5.1.1 no such user' };
    expect(await send()).toMatchObject(refused);
    expect(server.received).toHaveLength(1);
  });

  test('one recipient of several who is refused is named, and nobody gets the mail twice', async () => {
    await using server = await openMailServer({ certificate });
    await aChannel(`smtp://127.0.0.1:${server.port}`, { mail: { to: ['a@example.com', 'b@example.com'] } });
    server.answer(550, 'no such user', 'b@example.com');
    await tell();
    expect(await send()).toMatchObject({ status: 'sent', problem: 'it was refused for b@example.com' });
    expect(only(server).to).toEqual(['a@example.com']);
  });

  test('a wrong password is said without the password, and so is one that is missing', async () => {
    await using server = await openMailServer({ certificate, account });
    const url = `smtp://127.0.0.1:${server.port}`;
    await aChannel(url, { secret: 'not-the-right-one', mail: { user: account.user } });
    await tell();
    const refused = await send();
    expect(refused).toMatchObject({
      status: 'dead',
      problem: expect.stringContaining('it refused to sign in: 535'),
    });
    expect(refused?.problem).not.toContain('not-the-right-one');
    await inUnit(core.context, ({ trx }) => deleteChannel(trx, 'ops'));
    await aChannel(url, { mail: { user: account.user } });
    await tell();
    expect(await send()).toMatchObject({ problem: expect.stringContaining('has no password') });
    expect(server.received).toHaveLength(0);
  });

  test('a server that is down is tried again', async () => {
    const closed = await openMailServer({ certificate });
    await closed[Symbol.asyncDispose]();
    await aChannel(`smtp://127.0.0.1:${closed.port}`);
    await tell();
    expect(await send()).toMatchObject({
      status: 'waiting',
      problem: expect.stringContaining('ECONNREFUSED'),
    });
  });

  test('no mail goes into the private network unless the operator allows it', async () => {
    let knocks = 0;
    const server = createServer((socket) => {
      knocks += 1;
      socket.destroy();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = address !== null && typeof address === 'object' ? address.port : 0;
    for (const host of ['127.0.0.1', 'localhost', '[::1]', '2130706433', '[::ffff:127.0.0.1]']) {
      await aChannel(`smtp://${host}:${port}`);
      await tell();
      expect((await send([]))?.problem).toContain('is an address of the private network');
    }
    expect(knocks).toBe(0);
    await new Promise((resolve) => server.close(resolve));
  });

  test('what people write into names begins no header and no recipient', async () => {
    await using server = await openMailServer({ certificate });
    await aChannel(`smtp://127.0.0.1:${server.port}`);
    const evil = 'main\r\nBcc: evil@example.com\r\n\r\n.\r\nMAIL FROM:<x@example.com>';
    await tell({ subject: evil, run: { number: 1, ref: evil }, repository: evil, reason: evil });
    expect(await send()).toMatchObject({ status: 'sent' });
    const { raw, to } = only(server);
    expect(to).toEqual(['ops@example.com']);
    const head = raw.slice(0, raw.indexOf('\r\n\r\n'));
    expect(head).not.toMatch(/^Bcc:/im);
    expect(head).toMatch(/^To: ops@example.com$/m);
  });
});
