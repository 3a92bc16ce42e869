import { Button, PasswordInput, TextInput } from '@mantine/core';
import { useState, type FormEvent } from 'react';
import { paths } from '../../api/paths.ts';
import { useSecrets } from '../../api/queries.ts';
import { useAction } from '../../api/use-action.ts';
import { useMessages } from '../../messages/language-context.tsx';
import { ConfirmDialog } from '../confirm-dialog.tsx';
import { ProblemCard } from '../problem-card.tsx';
import { RelativeTime } from '../times.tsx';
import { SettingsList } from './settings-list.tsx';

export function SecretsSection() {
  const t = useMessages();
  const words = t.settings.secrets;
  const query = useSecrets();
  const secrets = query.data?.secrets ?? [];
  const [removing, setRemoving] = useState<string | null>(null);
  const remove = useAction(() => setRemoving(null));
  return (
    <>
      <SettingsList
        title={t.settings.sections.secrets}
        explain={words.explain}
        query={query}
        columns={[words.name, words.changed, '']}
        isEmpty={secrets.length === 0}
        empty={words.empty}
      >
        {secrets.map((secret) => (
          <tr key={secret.name}>
            <td className="mono">{secret.name}</td>
            <td className="soft">
              <RelativeTime at={secret.updatedAt} />
            </td>
            <td>
              <Button size="compact-xs" variant="subtle" onClick={() => setRemoving(secret.name)}>
                {t.actions.remove}
              </Button>
            </td>
          </tr>
        ))}
      </SettingsList>
      <SecretForm />
      {removing !== null && (
        <ConfirmDialog
          title={words.removeTitle(removing)}
          explain={words.removeExplain}
          action={t.actions.remove}
          error={remove.error}
          isBusy={remove.isPending}
          onConfirm={() => remove.mutate({ method: 'DELETE', path: paths.secret(removing) })}
          onClose={() => setRemoving(null)}
        />
      )}
    </>
  );
}

function SecretForm() {
  const words = useMessages().settings.secrets;
  const [name, setName] = useState('');
  const [value, setValue] = useState('');
  const save = useAction(() => {
    setName('');
    setValue('');
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate({ method: 'PUT', path: paths.secret(name.trim()), body: { value } });
  };
  return (
    <form className="settings-form panel" onSubmit={submit}>
      <TextInput
        label={words.name}
        required
        autoComplete="off"
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <PasswordInput
        label={words.value}
        required
        autoComplete="new-password"
        value={value}
        onChange={(event) => setValue(event.currentTarget.value)}
      />
      {save.error !== null && (
        <div className="wide">
          <ProblemCard error={save.error} />
        </div>
      )}
      <Button type="submit" variant="filled" loading={save.isPending}>
        {words.add}
      </Button>
    </form>
  );
}
