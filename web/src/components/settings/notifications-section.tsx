import { Button } from '@mantine/core';
import { useState } from 'react';
import type { ChannelView, NotificationView } from '@sluice/pipelines/notify/notify-event';
import { paths } from '../../api/paths.ts';
import { useNotifications } from '../../api/queries.ts';
import { useAction } from '../../api/use-action.ts';
import { useMessages } from '../../messages/language-context.tsx';
import { ConfirmDialog } from '../confirm-dialog.tsx';
import { ProblemCard } from '../problem-card.tsx';
import { StateBadge } from '../state-badge.tsx';
import { RelativeTime } from '../times.tsx';
import { ChannelForm } from './channel-form.tsx';
import { SettingsList } from './settings-list.tsx';

/** Where people are told of what, and whether they were. Addresses and secrets go in and never come out. */
export function NotificationsSection() {
  const t = useMessages();
  const words = t.settings.notifications;
  const query = useNotifications();
  const channels = query.data?.channels ?? [];
  const [removing, setRemoving] = useState<ChannelView | null>(null);
  const remove = useAction(() => setRemoving(null));
  const test = useAction();
  return (
    <>
      <SettingsList
        title={t.settings.sections.notifications}
        explain={words.explain}
        query={query}
        columns={[words.channel, words.kind, words.rules, '']}
        isEmpty={channels.length === 0}
        empty={words.empty}
      >
        {channels.map((channel) => (
          <tr key={channel.name}>
            <td>{channel.name}</td>
            <td className="soft" data-label={words.kind}>
              {words.kinds[channel.kind]} · {channel.host}
              {channel.mail !== null && <div>{words.mailLine(channel.mail.from, channel.mail.to)}</div>}
            </td>
            <td className="soft" data-label={words.rules}>
              {channel.rules.map((rule) => (
                <div key={JSON.stringify(rule)}>
                  {rule.events.map((event) => words.events[event]).join(', ')}
                  {rule.environments !== null && ` (${rule.environments.join(', ')})`}
                  {rule.projects !== null && ` (${rule.projects.join(', ')})`}
                </div>
              ))}
            </td>
            <td>
              <Button
                size="compact-xs"
                variant="subtle"
                aria-label={words.testOf(channel.name)}
                onClick={() => test.mutate({ method: 'POST', path: paths.testChannel(channel.name) })}
              >
                {words.test}
              </Button>
              <Button
                size="compact-xs"
                variant="subtle"
                aria-label={words.removeTitle(channel.name)}
                onClick={() => setRemoving(channel)}
              >
                {t.actions.remove}
              </Button>
            </td>
          </tr>
        ))}
      </SettingsList>
      {test.error !== null && <ProblemCard error={test.error} />}
      <Messages messages={query.data?.messages ?? []} />
      <ChannelForm />
      {removing !== null && (
        <ConfirmDialog
          title={words.removeTitle(removing.name)}
          explain={words.removeExplain}
          action={t.actions.remove}
          error={remove.error}
          isBusy={remove.isPending}
          onConfirm={() => remove.mutate({ method: 'DELETE', path: paths.channel(removing.name) })}
          onClose={() => setRemoving(null)}
        />
      )}
    </>
  );
}

const states = { sent: 'succeeded', waiting: 'waiting', dead: 'failed' } as const;
const mostShown = 20;

function Messages({ messages }: { readonly messages: readonly NotificationView[] }) {
  const words = useMessages().settings.notifications;
  if (messages.length === 0) return null;
  return (
    <section className="panel" aria-label={words.newest}>
      <div className="panel-head">
        <h2>{words.newest}</h2>
      </div>
      <table className="settings-table">
        <tbody>
          {messages.slice(0, mostShown).map((message) => (
            <tr key={message.id}>
              <td>
                <StateBadge state={states[message.status]} iconOnly /> {words.status[message.status]}
              </td>
              <td>{message.channel}</td>
              <td>
                {words.events[message.kind]}: {message.subject}
              </td>
              <td className="soft">
                <RelativeTime at={message.at} />
                {message.problem !== null && ` · ${message.problem}`}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
