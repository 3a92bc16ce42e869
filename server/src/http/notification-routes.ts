import { channelConfig, channelName } from '@sluice/pipelines/notify/notify-event';
import express, { type Router } from 'express';
import type { ServerContext } from '../context.ts';
import { inUnit } from '../orchestrator/unit.ts';
import { recordAudit } from '../store/audit-store.ts';
import {
  addNotifications,
  channelView,
  deleteChannel,
  listChannels,
  listNotifications,
  saveChannel,
} from '../store/notification-store.ts';
import { parseBody, parseInput, ProblemError } from './problem.ts';
import { userOf } from './signed-in.ts';

const newest = 100;

/** Where people are told of what. Addresses and secrets go in and never come out. */
export function notificationRoutes(context: ServerContext): Router {
  const router = express.Router();

  router.get('/notifications', async (_request, response) => {
    const [channels, messages] = await Promise.all([
      listChannels(context.db),
      listNotifications(context.db, newest),
    ]);
    response.json({ channels: channels.map(channelView), messages });
  });

  router.put('/notifications/:name', async (request, response) => {
    const name = parseInput(channelName, request.params.name, 'name');
    const config = parseBody(channelConfig, request);
    const [who, from] = [userOf(response), request.ip ?? null];
    const isSaved = await inUnit(context, async ({ trx, at }) => {
      if (!(await saveChannel(trx, context.sealer, { name, config, at }))) return false;
      const detail = { kind: config.kind, language: config.language, rules: config.rules };
      await recordAudit(trx, { who, what: 'notification-channel-saved', target: name, detail, at, from });
      return true;
    });
    if (!isSaved)
      throw new ProblemError(
        400,
        'bad-body',
        'url: a new channel, or one of another kind, needs its address.',
      );
    response.status(204).end();
  });

  router.delete('/notifications/:name', async (request, response) => {
    const { name } = request.params;
    const [who, from] = [userOf(response), request.ip ?? null];
    const isDeleted = await inUnit(context, async ({ trx, at }) => {
      if (!(await deleteChannel(trx, name))) return false;
      await recordAudit(trx, {
        who,
        what: 'notification-channel-deleted',
        target: name,
        detail: {},
        at,
        from,
      });
      return true;
    });
    if (!isDeleted) throw unknownChannel(name);
    response.status(204).end();
  });

  router.post('/notifications/:name/test', async (request, response) => {
    const { name } = request.params;
    const channels = await listChannels(context.db);
    if (!channels.some((channel) => channel.name === name)) throw unknownChannel(name);
    const who = userOf(response);
    const id = await inUnit(context, async ({ trx, at, newId }) => {
      const test = newId();
      const event = {
        kind: 'test',
        project: 'default',
        repository: '',
        environment: null,
        subject: 'Sluice',
        run: null,
        path: '/settings/notifications',
        reason: who,
        at,
      } as const;
      await addNotifications(trx, [{ id: test, channel: name, key: `test:${test}`, event }]);
      return test;
    });
    response.status(202).json({ id });
  });
  return router;
}

const unknownChannel = (name: string): ProblemError =>
  new ProblemError(404, 'unknown-channel', `There is no channel "${name}".`);
