import { aPlan } from '@sluice/pipelines/plan/a-plan';
import { channelConfig, type ChannelKind } from '@sluice/pipelines/notify/notify-event';
import { createHmac } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { castVote } from '../orchestrator/cast-vote.ts';
import { openTestCore, redisUrl, type TestCore } from '../orchestrator/test-core.ts';
import { inUnit } from '../orchestrator/unit.ts';
import {
  addNotifications,
  deleteChannel,
  listNotifications,
  saveChannel,
  takeNotification,
} from '../store/notification-store.ts';
import { sendNotifications } from './send-notifications.ts';

interface Heard {
  readonly url: URL;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

const secret = 'SEC-of-the-test';
const hmac = (key: string, data: string) => createHmac('sha256', key).update(data).digest();

describe.skipIf(redisUrl === undefined)('notifications (needs REDIS_URL)', () => {
  let core: TestCore;
  let vendor: Server;
  let port = 0;
  const heard: Heard[] = [];
  let answer: { readonly status: number; readonly body: string; readonly location?: string };
  const taken = { status: 200, body: '{"errcode":0,"code":0}' };
  const rules = { privateHosts: ['127.0.0.1'], publicUrl: 'https://ci.example.com' };

  beforeAll(async () => {
    core = await openTestCore();
    vendor = createServer((request, response) => {
      void text(request).then((body) => {
        heard.push({ url: new URL(request.url ?? '/', 'http://vendor'), headers: request.headers, body });
        const { status, location } = answer;
        response.writeHead(status, location === undefined ? {} : { location }).end(answer.body);
      });
    });
    await new Promise<void>((resolve) => vendor.listen(0, '127.0.0.1', resolve));
    const address = vendor.address();
    port = address !== null && typeof address === 'object' ? address.port : 0;
  });
  afterEach(async () => {
    await inUnit(core.context, ({ trx }) => deleteChannel(trx, 'ops'));
    heard.length = 0;
  });
  afterAll(async () => {
    vendor.closeAllConnections();
    vendor.close();
    await core.close();
  });

  async function aChannel(kind: ChannelKind, host = '127.0.0.1'): Promise<void> {
    answer = taken;
    const config = channelConfig.parse({
      kind,
      url: `http://${host}:${port}/robot?access_token=t0ken`,
      secret,
      rules: [{ events: ['approval-wanted', 'run-failed', 'run-recovered'] }],
    });
    const saved = await inUnit(core.context, ({ trx, at }) =>
      saveChannel(trx, core.context.sealer, { name: 'ops', config, at }),
    );
    expect(saved).toBe(true);
  }

  const tell = (key: string, kind: 'test' | 'rollout-step' = 'test') =>
    inUnit(core.context, ({ trx, at, newId }) => {
      const about = { project: 'default', repository: 'acme/shop', environment: null, run: null, path: '/' };
      const event = { kind, ...about, subject: `*${key}*`, reason: '', at } as const;
      return addNotifications(trx, [{ id: newId(), channel: 'ops', key, event }]);
    });
  const message = (index: number): Heard => {
    const found = heard[index];
    if (found === undefined) throw new Error(`only ${heard.length} messages were heard`);
    return found;
  };
  const newest = async () => (await listNotifications(core.context.db, 1))[0];

  test('a run that waits for an approval is told in the channels that want it, once, with a link', async () => {
    await aChannel('dingtalk');
    const approval = { by: [], count: 1, withinMs: 60_000, notAuthor: false };
    const runId = await core.start(
      aPlan()
        .stage('ask', { work: { kind: 'approve', approval } })
        .done(),
    );
    await sendNotifications(core.context, rules);
    expect(heard).toHaveLength(1);
    const { url, body } = message(0);
    const stamp = url.searchParams.get('timestamp') ?? '';
    expect(stamp).toMatch(/^\d{13}$/);
    expect(url.searchParams.get('access_token')).toBe('t0ken');
    expect(url.searchParams.get('sign')).toBe(hmac(secret, `${stamp}\n${secret}`).toString('base64'));
    expect(JSON.parse(body)).toMatchObject({
      msgtype: 'markdown',
      markdown: { text: expect.stringContaining(`https://ci.example.com/runs/${runId}`) },
    });
    const vote = { verdict: 'rejected', reason: 'no', decisionHash: null } as const;
    await castVote(core.context, { runId, stage: 'ask' }, 'grace', vote);
    await sendNotifications(core.context, rules);
    expect(heard.map((each) => JSON.parse(each.body).markdown.title)).toMatchObject([
      expect.stringContaining('Approval wanted'),
      expect.stringContaining('Failed'),
    ]);
    await sendNotifications(core.context, rules);
    expect(heard).toHaveLength(2);
  });

  test('a channel that a pipeline names is told without a rule, and one that a stranger names is not', async () => {
    await aChannel('webhook');
    await inUnit(core.context, ({ trx, at }) =>
      saveChannel(trx, core.context.sealer, {
        name: 'ops',
        config: channelConfig.parse({ kind: 'webhook' }),
        at,
      }),
    );
    const approval = { by: [], count: 1, withinMs: 60_000, notAuthor: false };
    const plan = aPlan()
      .stage('ask', { work: { kind: 'approve', approval } })
      .done();
    const forked = {
      event: 'pull_request',
      repository: 'acme/shop',
      actor: 'mallory',
      commit: plan.trigger.commit,
      number: 7,
      title: '',
      branch: 'main',
      targetBranch: 'main',
      fromFork: true,
    } as const;
    await core.start(plan);
    await core.start({ ...plan, notify: ['slack/ops', 'webhook/other'] });
    await core.start({ ...plan, notify: ['webhook/ops'], trigger: forked });
    const runId = await core.start({ ...plan, notify: ['webhook/ops'] });
    while ((await sendNotifications(core.context, rules)) === 0);
    expect(heard.map(({ body }) => JSON.parse(body).event)).toMatchObject([
      { kind: 'approval-wanted', path: `/runs/${runId}` },
    ]);
  });

  test('Feishu has the signature in the body, a webhook in its headers', async () => {
    await aChannel('feishu');
    await tell('one');
    await sendNotifications(core.context, rules);
    const feishu = JSON.parse(message(0).body);
    expect(feishu.sign).toBe(hmac(`${feishu.timestamp}\n${secret}`, '').toString('base64'));
    expect(feishu).toMatchObject({ msg_type: 'post', timestamp: expect.stringMatching(/^\d{10}$/) });
    await aChannel('webhook');
    await tell('two');
    await sendNotifications(core.context, rules);
    const { headers, body } = message(1);
    const signed = hmac(secret, `${String(headers['x-sluice-timestamp'])}.${body}`).toString('hex');
    expect(headers['x-sluice-signature-256']).toBe(`sha256=${signed}`);
    expect(JSON.parse(body)).toMatchObject({ event: { kind: 'test', subject: '*two*' } });
  });

  test('a message that was sent and not marked so is sent again, with the same id', async () => {
    await aChannel('webhook');
    await tell('killed');
    const limits = { perMinute: 20, forUrgent: 5, leaseMs: 60_000 };
    const left = await inUnit(core.context, ({ trx, at }) => takeNotification(trx, 'ops', at, limits));
    await sendNotifications(core.context, rules);
    expect(heard).toHaveLength(0);
    core.passTime(61_000);
    await sendNotifications(core.context, rules);
    expect(JSON.parse(message(0).body).id).toBe(left?.id);
    expect(await newest()).toMatchObject({ status: 'sent', tries: 2 });
  });

  test('a vendor that refuses is asked again, less and less often, and then given up with its words', async () => {
    await aChannel('dingtalk');
    answer = { status: 200, body: '{"errcode":310000,"errmsg":"sign not match"}' };
    await tell('refused');
    for (let tries = 1; tries <= 8; tries += 1) {
      await sendNotifications(core.context, rules);
      const problem = 'it refused the message: 310000 sign not match';
      expect(await newest()).toMatchObject({ status: tries < 8 ? 'waiting' : 'dead', tries, problem });
      core.passTime(5 * 3_600_000);
    }
    await sendNotifications(core.context, rules);
    expect(heard).toHaveLength(8);
  });

  test('what a vendor lets through in a minute is kept, and some of it is left for what is urgent', async () => {
    await aChannel('dingtalk');
    for (let step = 0; step < 25; step += 1) await tell(`step ${step}`, 'rollout-step');
    const all = async () => {
      while ((await sendNotifications(core.context, rules)) === 0);
    };
    await all();
    expect(heard).toHaveLength(15);
    await tell('urgent');
    await all();
    expect(heard).toHaveLength(16);
    expect(JSON.parse(message(15).body).markdown.title).toContain('Test message');
    core.passTime(61_000);
    await all();
    expect(heard).toHaveLength(26);
  });

  test('no message goes into the private network unless the operator allows it, nor where a redirect leads', async () => {
    for (const host of ['127.0.0.1', 'localhost', '[::1]']) {
      await aChannel('webhook', host);
      await tell(host);
      await sendNotifications(core.context, { ...rules, privateHosts: [] });
      expect((await newest())?.problem).toContain('is an address of the private network');
    }
    expect(heard).toHaveLength(0);
    await inUnit(core.context, ({ trx }) => deleteChannel(trx, 'ops'));
    await aChannel('webhook');
    answer = { status: 307, body: '', location: 'http://127.0.0.1:1/metadata' };
    await tell('redirected');
    await sendNotifications(core.context, rules);
    expect((await newest())?.problem).toBe('it answered 307: redirects are not followed');
  });

  test('address and secret of a channel are sealed, and stay when they are left out', async () => {
    await aChannel('slack');
    const config = channelConfig.parse({ kind: 'slack', language: 'zh' });
    await inUnit(core.context, ({ trx, at }) =>
      saveChannel(trx, core.context.sealer, { name: 'ops', config, at }),
    );
    const rows = await core.context.db.selectFrom('notification_channels').selectAll().execute();
    expect(rows).toMatchObject([
      { language: 'zh', host: `127.0.0.1:${port}`, secret_sealed: expect.any(String) },
    ]);
    expect(JSON.stringify(rows)).not.toMatch(/t0ken|SEC-of/);
    await tell('<!channel>');
    await sendNotifications(core.context, rules);
    expect(JSON.parse(message(0).body).text).toContain('&lt;!channel&gt;');
  });
});
