import { Button, Modal, Select, Textarea, TextInput } from '@mantine/core';
import { useState, type FormEvent } from 'react';
import { useNavigate } from 'react-router';
import { paths } from '../api/paths.ts';
import { useRepositories } from '../api/queries.ts';
import { useAction } from '../api/use-action.ts';
import { useMessages } from '../messages/language-context.tsx';
import { readInputs } from '../state/read-inputs.ts';
import { ProblemCard } from './problem-card.tsx';

export function StartRunDialog({ onClose }: { readonly onClose: () => void }) {
  const t = useMessages();
  const navigate = useNavigate();
  const repositories = useRepositories();
  const known = repositories.data?.repositories ?? [];
  const [chosen, setChosen] = useState<string | null>(null);
  const repository = known.find(({ fullName }) => fullName === chosen) ?? known[0];
  const [branch, setBranch] = useState<string | null>(null);
  const [commit, setCommit] = useState('');
  const [inputs, setInputs] = useState('');
  const start = useAction<{ readonly runId: string }>(({ runId }) => void navigate(`/runs/${runId}`));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (repository === undefined) return;
    const body = {
      repository: repository.fullName,
      branch: branch ?? repository.defaultBranch,
      ...(commit.trim() === '' ? {} : { commit: commit.trim() }),
      inputs: readInputs(inputs),
    };
    start.mutate({ method: 'POST', path: paths.startRun, body });
  };
  return (
    <Modal opened onClose={onClose} title={<strong>{t.startRun.title}</strong>}>
      <form className="stack" onSubmit={submit}>
        {repositories.error !== null && <ProblemCard error={repositories.error} />}
        {repositories.data !== undefined && known.length === 0 && <p>{t.startRun.noRepositories}</p>}
        <Select
          label={t.startRun.repository}
          data={known.map(({ fullName }) => fullName)}
          value={repository?.fullName ?? null}
          onChange={setChosen}
          allowDeselect={false}
        />
        <TextInput
          label={t.startRun.branch}
          value={branch ?? repository?.defaultBranch ?? ''}
          onChange={(event) => setBranch(event.currentTarget.value)}
          required
        />
        <TextInput
          label={t.startRun.commit}
          description={t.startRun.commitHint}
          value={commit}
          onChange={(event) => setCommit(event.currentTarget.value)}
        />
        <Textarea
          label={t.startRun.inputs}
          description={t.startRun.inputsHint}
          value={inputs}
          autosize
          minRows={2}
          onChange={(event) => setInputs(event.currentTarget.value)}
        />
        {start.error !== null && <ProblemCard error={start.error} />}
        <div className="row dialog-actions">
          <Button onClick={onClose}>{t.actions.cancel}</Button>
          <Button
            type="submit"
            variant="filled"
            loading={start.isPending}
            disabled={repository === undefined}
          >
            {t.startRun.submit}
          </Button>
        </div>
      </form>
    </Modal>
  );
}
