import { Button, TextInput } from '@mantine/core';
import { useState, type FormEvent } from 'react';
import { paths } from '../../api/paths.ts';
import { useTokens, type TokenView } from '../../api/queries.ts';
import { useAction } from '../../api/use-action.ts';
import { useMessages } from '../../messages/language-context.tsx';
import { ConfirmDialog } from '../confirm-dialog.tsx';
import { Copyable } from '../copyable.tsx';
import { ProblemCard } from '../problem-card.tsx';
import { RelativeTime } from '../times.tsx';
import { SettingsList } from './settings-list.tsx';

/** API tokens: who made them and when they were last used. A token itself is shown once, when it is made. */
export function TokensSection() {
  const t = useMessages();
  const words = t.settings.tokens;
  const query = useTokens();
  const tokens = query.data?.tokens ?? [];
  const [removing, setRemoving] = useState<TokenView | null>(null);
  const remove = useAction(() => setRemoving(null));
  return (
    <>
      <SettingsList
        title={t.settings.sections.tokens}
        explain={words.explain}
        query={query}
        columns={[words.token, words.user, words.made, words.used, '']}
        isEmpty={tokens.length === 0}
        empty={words.empty}
      >
        {tokens.map((token) => (
          <tr key={token.id}>
            <td>{token.name}</td>
            <td className="soft" data-label={words.user}>
              {token.user}
            </td>
            <td className="soft" data-label={words.made}>
              <RelativeTime at={token.createdAt} />
            </td>
            <td className="soft" data-label={words.used}>
              {token.lastUsedAt === null ? words.never : <RelativeTime at={token.lastUsedAt} />}
            </td>
            <td>
              <Button
                size="compact-xs"
                variant="subtle"
                aria-label={words.removeTitle(token.name)}
                onClick={() => setRemoving(token)}
              >
                {t.actions.remove}
              </Button>
            </td>
          </tr>
        ))}
      </SettingsList>
      <TokenForm />
      {removing !== null && (
        <ConfirmDialog
          title={words.removeTitle(removing.name)}
          explain={words.removeExplain}
          action={t.actions.remove}
          error={remove.error}
          isBusy={remove.isPending}
          onConfirm={() => remove.mutate({ method: 'DELETE', path: paths.token(removing.id) })}
          onClose={() => setRemoving(null)}
        />
      )}
    </>
  );
}

function TokenForm() {
  const words = useMessages().settings.tokens;
  const [name, setName] = useState('');
  const make = useAction<{ readonly token: string }>(() => setName(''));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    make.mutate({ method: 'POST', path: paths.tokens, body: { name } });
  };
  return (
    <form className="settings-form panel" onSubmit={submit}>
      <TextInput
        label={words.name}
        required
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <Button type="submit" variant="filled" loading={make.isPending}>
        {words.make}
      </Button>
      {make.error !== null && (
        <div className="wide">
          <ProblemCard error={make.error} />
        </div>
      )}
      {make.data !== undefined && (
        <div className="wide stack" role="status">
          <strong>{words.once}</strong>
          <Copyable value={make.data.token} />
        </div>
      )}
    </form>
  );
}
