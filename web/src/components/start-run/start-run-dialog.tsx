import { Button, Select, TextInput } from '@mantine/core';
import { useState, type FormEvent } from 'react';
import { useNavigate } from 'react-router';
import { checkInputs, type InputProblem } from '@sluice/pipelines/plan/check-inputs';
import { rulesOf } from '@sluice/pipelines/plan/manual-start';
import type { StartRun } from '@sluice/pipelines/protocol/api';
import { ApiError } from '../../api/api-error.ts';
import { paths } from '../../api/paths.ts';
import { useManualStarts, useRepositories } from '../../api/queries.ts';
import { useAction } from '../../api/use-action.ts';
import { useMessages } from '../../messages/language-context.tsx';
import { givenInputs, startValues, type StartValues } from '../../state/start-values.ts';
import { Dialog } from '../dialog.tsx';
import { ProblemCard } from '../problem-card.tsx';
import { ChoosePipeline } from './choose-pipeline.tsx';
import { InputField } from './input-field.tsx';
import { useTypedPlace, type Place } from './use-typed-place.ts';

interface StartRunDialogProps {
  /** Chosen first; absent: the first that there is. */
  readonly repository?: string;
  readonly onClose: () => void;
}

/** Asks for what the pipeline asks for, each input in a field of its kind, and starts a run. */
export function StartRunDialog({ repository: first, onClose }: StartRunDialogProps) {
  const t = useMessages();
  const words = t.startRun;
  const navigate = useNavigate();
  const repositories = useRepositories();
  const known = repositories.data?.repositories ?? [];
  const [chosen, setChosen] = useState<string | null>(first ?? null);
  const repository = known.find(({ fullName }) => fullName === chosen) ?? known[0];
  const [branch, setBranch] = useState<string | null>(null);
  const [commit, setCommit] = useState('');
  const [pipeline, setPipeline] = useState<string | null>(null);
  const [typed, setTyped] = useState<StartValues>({});
  const [problems, setProblems] = useState<readonly InputProblem[]>([]);

  const place: Place = {
    repository: repository?.fullName ?? '',
    branch: (branch ?? repository?.defaultBranch ?? '').trim(),
    commit: commit.trim(),
  };
  const starts = useManualStarts(useTypedPlace(place));
  const startable = (starts.data?.pipelines ?? []).filter((each) => each.kind === 'startable');
  const start = startable.find((each) => each.pipeline === pipeline) ?? startable[0];
  const inputs = start?.inputs ?? [];
  const values = startValues(inputs, typed);

  const send = useAction<{ readonly runId: string }>(({ runId }) => void navigate(`/runs/${runId}`));
  const refused = send.error instanceof ApiError ? send.error.inputs : [];
  const shown = problems.length > 0 ? problems : refused;
  const isShownAtFields = refused.length > 0 && refused.every(({ input }) => Object.hasOwn(values, input));
  const forget = () => {
    setProblems([]);
    send.reset();
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (start === undefined) return;
    const given = givenInputs(inputs, values);
    const checked = checkInputs(rulesOf(inputs), given);
    setProblems(checked.ok ? [] : checked.error);
    if (!checked.ok) return focusFirst(inputs, checked.error);
    const { commit: wanted, ...where } = place;
    const body: StartRun = {
      ...where,
      ...(wanted === '' ? {} : { commit: wanted }),
      pipeline: start.pipeline,
      inputs: given,
    };
    send.mutate({ method: 'POST', path: paths.startRun, body });
  };
  return (
    <Dialog onClose={onClose} title={words.title}>
      <form className="stack" onSubmit={submit}>
        {repositories.error !== null && <ProblemCard error={repositories.error} />}
        {repositories.data !== undefined && known.length === 0 && <p>{words.noRepositories}</p>}
        <Select
          label={words.repository}
          data={known.map(({ fullName }) => fullName)}
          value={repository?.fullName ?? null}
          data-autofocus
          onChange={(name) => {
            setChosen(name);
            setBranch(null);
            setCommit('');
            setTyped({});
            forget();
          }}
          allowDeselect={false}
        />
        <TextInput
          label={words.branch}
          value={branch ?? repository?.defaultBranch ?? ''}
          onChange={(event) => setBranch(event.currentTarget.value)}
          required
        />
        <TextInput
          label={words.commit}
          description={words.commitHint}
          value={commit}
          onChange={(event) => setCommit(event.currentTarget.value)}
        />
        {starts.error !== null && <ProblemCard error={starts.error} />}
        {(starts.isLoading || starts.isPlaceholderData) && (
          <p className="soft">{words.reading(place.branch)}</p>
        )}
        {starts.data !== undefined && starts.error === null && (
          <ChoosePipeline
            starts={starts.data.pipelines}
            chosen={start?.pipeline ?? null}
            onChange={(name) => {
              setPipeline(name);
              setTyped({});
              forget();
            }}
          />
        )}
        {inputs.map((input) => (
          <InputField
            key={input.name}
            id={fieldId(input.name)}
            input={input}
            environments={starts.data?.environments ?? []}
            value={values[input.name] ?? ''}
            problem={shown.find((problem) => problem.input === input.name) ?? null}
            onChange={(value) => {
              setTyped({ ...typed, [input.name]: value });
              forget();
            }}
          />
        ))}
        {send.error !== null && !isShownAtFields && <ProblemCard error={send.error} />}
        <div className="row dialog-actions">
          <Button onClick={onClose}>{t.actions.cancel}</Button>
          <Button type="submit" variant="filled" loading={send.isPending} disabled={start === undefined}>
            {words.submit}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

const fieldId = (name: string): string => `start-input-${name}`;

function focusFirst(inputs: readonly { readonly name: string }[], problems: readonly InputProblem[]): void {
  const first = inputs.find(({ name }) => problems.some(({ input }) => input === name));
  if (first !== undefined) document.getElementById(fieldId(first.name))?.focus();
}
