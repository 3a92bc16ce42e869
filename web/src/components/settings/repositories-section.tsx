import { Button, Checkbox, PasswordInput, Select, TextInput } from '@mantine/core';
import { useState, type FormEvent } from 'react';
import type { RepositoryConfig } from '@sluice/pipelines/protocol/api';
import { paths } from '../../api/paths.ts';
import { useRepositories } from '../../api/queries.ts';
import { useAction } from '../../api/use-action.ts';
import { useMessages } from '../../messages/language-context.tsx';
import { ProblemCard } from '../problem-card.tsx';
import { StartRunDialog } from '../start-run/start-run-dialog.tsx';
import { SettingsList } from './settings-list.tsx';

export function RepositoriesSection() {
  const t = useMessages();
  const words = t.settings.repositories;
  const query = useRepositories();
  const repositories = query.data?.repositories ?? [];
  const [starting, setStarting] = useState<string | null>(null);
  return (
    <>
      <SettingsList
        title={t.settings.sections.repositories}
        explain={words.explain}
        query={query}
        columns={[words.name, words.provider, words.cloneUrl, words.branch, '']}
        isEmpty={repositories.length === 0}
        empty={words.empty}
      >
        {repositories.map((repository) => (
          <tr key={repository.id}>
            <td>
              <strong>{repository.fullName}</strong>{' '}
              {repository.trusted && <span className="tag">{words.trustedTag}</span>}
              {repository.shared && <span className="tag">{words.sharedTag}</span>}
            </td>
            <td>{words[repository.provider]}</td>
            <td className="mono">{repository.cloneUrl}</td>
            <td>{repository.defaultBranch}</td>
            <td>
              <Button
                size="compact-sm"
                aria-label={`${t.runs.start}: ${repository.fullName}`}
                onClick={() => setStarting(repository.fullName)}
              >
                {t.runs.start}
              </Button>
            </td>
          </tr>
        ))}
      </SettingsList>
      <RepositoryForm />
      {starting !== null && <StartRunDialog repository={starting} onClose={() => setStarting(null)} />}
    </>
  );
}

const blank = {
  fullName: '',
  cloneUrl: '',
  defaultBranch: 'main',
  hookSecret: '',
  username: '',
  password: '',
};

function RepositoryForm() {
  const words = useMessages().settings.repositories;
  const [fields, setFields] = useState(blank);
  const [provider, setProvider] = useState<RepositoryConfig['provider']>('github');
  const [trusted, setTrusted] = useState(false);
  const [shared, setShared] = useState(false);
  const save = useAction(() => setFields(blank));
  const field = (name: keyof typeof blank) => ({
    value: fields[name],
    onChange: (event: { readonly currentTarget: { readonly value: string } }) =>
      setFields({ ...fields, [name]: event.currentTarget.value }),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const { username, password, ...rest } = fields;
    const credentials = username === '' && password === '' ? null : { username, password };
    save.mutate({
      method: 'PUT',
      path: paths.repositories,
      body: {
        ...rest,
        provider,
        trusted,
        shared,
        credentials,
        project: 'default',
      } satisfies RepositoryConfig,
    });
  };
  return (
    <form className="settings-form panel" onSubmit={submit}>
      <TextInput label={words.name} description={words.nameHint} required {...field('fullName')} />
      <Select
        label={words.provider}
        allowDeselect={false}
        data={[
          { value: 'github', label: words.github },
          { value: 'generic', label: words.generic },
        ]}
        value={provider}
        onChange={(value) => setProvider(value === 'generic' ? 'generic' : 'github')}
      />
      <TextInput className="wide" label={words.cloneUrl} required {...field('cloneUrl')} />
      <TextInput label={words.branch} required {...field('defaultBranch')} />
      <PasswordInput
        label={words.hookSecret}
        description={words.hookSecretHint}
        required
        minLength={16}
        autoComplete="new-password"
        {...field('hookSecret')}
      />
      <TextInput label={words.user} autoComplete="off" {...field('username')} />
      <PasswordInput label={words.password} autoComplete="new-password" {...field('password')} />
      <Checkbox
        className="wide"
        label={words.trusted}
        checked={trusted}
        onChange={(event) => setTrusted(event.currentTarget.checked)}
      />
      <Checkbox
        className="wide"
        label={words.shared}
        checked={shared}
        onChange={(event) => setShared(event.currentTarget.checked)}
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
