import { Button, Checkbox, MultiSelect, PasswordInput, Select, TextInput, Textarea } from '@mantine/core';
import { useState, type FormEvent } from 'react';
import { channelKinds, eventKinds } from '@sluice/pipelines/notify/notify-event';
import { paths } from '../../api/paths.ts';
import { useAction } from '../../api/use-action.ts';
import { useMessages } from '../../messages/language-context.tsx';
import { newChannel, readChannel, type ChannelFields } from '../../state/channel-fields.ts';
import { ProblemCard } from '../problem-card.tsx';

/** A new channel of notifications, or a changed one. */
export function ChannelForm() {
  const t = useMessages();
  const words = t.settings.notifications;
  const [fields, setFields] = useState(newChannel);
  const save = useAction(() => setFields(newChannel));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate({ method: 'PUT', path: paths.channel(fields.name.trim()), body: readChannel(fields) });
  };
  const text = (name: TextField) => ({
    value: fields[name],
    onChange: (event: { readonly currentTarget: { readonly value: string } }) =>
      setFields({ ...fields, [name]: event.currentTarget.value }),
  });
  const isMail = fields.kind === 'email';
  return (
    <form className="panel settings-form" onSubmit={submit}>
      <TextInput label={words.name} description={words.nameHint} required {...text('name')} />
      <Select
        label={words.kind}
        allowDeselect={false}
        data={channelKinds.map((kind) => ({ value: kind, label: words.kinds[kind] }))}
        value={fields.kind}
        onChange={(value) =>
          setFields({ ...fields, kind: channelKinds.find((kind) => kind === value) ?? fields.kind })
        }
      />
      {isMail ? (
        <>
          <TextInput label={words.mailServer} description={words.mailServerHint} {...text('url')} />
          <TextInput label={words.mailFrom} required type="email" {...text('mailFrom')} />
          <TextInput label={words.mailTo} description={words.mailToHint} required {...text('mailTo')} />
          <TextInput label={words.mailUser} description={words.mailUserHint} {...text('mailUser')} />
          <PasswordInput
            label={words.mailPassword}
            description={words.mailPasswordHint}
            {...text('secret')}
          />
          <Textarea
            className="wide"
            label={words.mailCertificates}
            description={words.mailCertificatesHint}
            autosize
            minRows={1}
            maxRows={6}
            {...text('mailCertificates')}
          />
          <Checkbox
            className="wide"
            label={words.mailEncrypted}
            checked={fields.mailEncrypted}
            onChange={(event) => setFields({ ...fields, mailEncrypted: event.currentTarget.checked })}
          />
        </>
      ) : (
        <>
          <PasswordInput label={words.url} description={words.urlHint} {...text('url')} />
          <PasswordInput label={words.secret} description={words.secretHint} {...text('secret')} />
        </>
      )}
      <Select
        label={words.language}
        allowDeselect={false}
        data={[
          { value: 'en', label: 'English' },
          { value: 'zh', label: '中文' },
        ]}
        value={fields.language}
        onChange={(value) => setFields({ ...fields, language: value === 'zh' ? 'zh' : 'en' })}
      />
      <MultiSelect
        className="wide"
        label={words.rules}
        data={eventKinds.map((kind) => ({ value: kind, label: words.events[kind] }))}
        value={[...fields.events]}
        onChange={(values) =>
          setFields({ ...fields, events: eventKinds.filter((kind) => values.includes(kind)) })
        }
      />
      <TextInput label={words.environments} description={words.environmentsHint} {...text('environments')} />
      <TextInput label={words.projects} description={words.projectsHint} {...text('projects')} />
      {save.error !== null && <ProblemCard error={save.error} />}
      <Button type="submit" variant="filled" loading={save.isPending}>
        {t.actions.save}
      </Button>
    </form>
  );
}

type TextField = Exclude<keyof ChannelFields, 'kind' | 'language' | 'events' | 'mailEncrypted'>;
