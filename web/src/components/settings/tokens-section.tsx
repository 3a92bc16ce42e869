import { Button, TextInput } from '@mantine/core';
import { useState, type FormEvent } from 'react';
import { paths } from '../../api/paths.ts';
import { useAction } from '../../api/use-action.ts';
import { useMessages } from '../../messages/language-context.tsx';
import { Copyable } from '../copyable.tsx';
import { ProblemCard } from '../problem-card.tsx';
import { RichText } from '../rich-text.tsx';

/** Makes API tokens; each is shown once. */
export function TokensSection() {
  const words = useMessages().settings.tokens;
  const [name, setName] = useState('');
  const make = useAction<{ readonly token: string }>(() => setName(''));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    make.mutate({ method: 'POST', path: paths.tokens, body: { name } });
  };
  return (
    <form className="settings-form panel" onSubmit={submit}>
      <p className="wide soft">
        <RichText text={words.explain} />
      </p>
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
