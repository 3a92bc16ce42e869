import { Button, NumberInput, SegmentedControl, TextInput } from '@mantine/core';
import { useState, type FormEvent } from 'react';
import type { EnvironmentView } from '@sluice/pipelines/protocol/api';
import type { EnvironmentTarget } from '@sluice/pipelines/protocol/environment';
import { paths } from '../api/paths.ts';
import { useAction } from '../api/use-action.ts';
import { useMessages } from '../messages/language-context.tsx';
import { readTarget, targetFields, type TargetFields } from '../state/target-fields.ts';
import { ClusterInputs } from './cluster-inputs.tsx';
import { Dialog } from './dialog.tsx';
import { ProblemCard } from './problem-card.tsx';

interface EnvironmentDialogProps {
  /** The one that is changed; null: a new one. */
  readonly environment: EnvironmentView | null;
  readonly onClose: () => void;
}

/** Says where an environment is: a service on a Docker host, or a namespace of a cluster. */
export function EnvironmentDialog({ environment, onClose }: EnvironmentDialogProps) {
  const t = useMessages();
  const words = t.environments.form;
  const [name, setName] = useState(environment?.name ?? '');
  const [fields, setFields] = useState<TargetFields>(() => targetFields(environment?.target ?? null));
  const save = useAction(onClose);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate({ method: 'PUT', path: paths.environment(name.trim()), body: readTarget(fields) });
  };
  const title = environment === null ? words.addTitle : words.changeTitle(environment.name);
  return (
    <Dialog onClose={onClose} title={title}>
      <form className="stack" onSubmit={submit}>
        {environment === null && (
          <TextInput
            label={words.name}
            description={words.nameHint}
            required
            data-autofocus
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
        )}
        <SegmentedControl
          aria-label={words.kind}
          data={(['docker', 'kubernetes', 'clusters'] as const).map((kind) => ({
            value: kind,
            label: t.environments.kinds[kind],
          }))}
          value={fields.kind}
          onChange={(kind: EnvironmentTarget['kind']) => setFields({ ...fields, kind })}
        />
        {fields.kind === 'clusters' ? (
          <ClusterInputs
            clusters={fields.clusters}
            onChange={(clusters) => setFields({ ...fields, clusters })}
          />
        ) : (
          <TargetInputs fields={fields} onChange={setFields} />
        )}
        {environment !== null && environment.activeRollout !== null && (
          <p className="soft">{words.duringRollout}</p>
        )}
        {save.error !== null && <ProblemCard error={save.error} />}
        <div className="row dialog-actions">
          <Button onClick={onClose}>{t.actions.cancel}</Button>
          <Button type="submit" variant="filled" loading={save.isPending}>
            {t.actions.save}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

interface TargetInputsProps {
  readonly fields: TargetFields;
  readonly onChange: (fields: TargetFields) => void;
}

function TargetInputs({ fields, onChange }: TargetInputsProps) {
  const words = useMessages().environments.form;
  const text = (name: Exclude<keyof TargetFields, 'kind' | 'listenPort' | 'clusters'>) => ({
    value: fields[name],
    onChange: (event: { readonly currentTarget: { readonly value: string } }) =>
      onChange({ ...fields, [name]: event.currentTarget.value }),
  });
  if (fields.kind === 'kubernetes')
    return (
      <>
        <TextInput label={words.namespace} required {...text('namespace')} />
        <TextInput
          label={words.prometheus}
          description={words.prometheusHint}
          type="url"
          {...text('prometheusUrl')}
        />
        <TextInput
          label={words.kubeconfig}
          description={words.kubeconfigHint}
          {...text('kubeconfigSecret')}
        />
      </>
    );
  return (
    <>
      <TextInput label={words.service} description={words.serviceHint} required {...text('service')} />
      <TextInput label={words.host} description={words.hostHint} required {...text('listenHost')} />
      <NumberInput
        label={words.port}
        required
        min={1}
        max={65_535}
        allowDecimal={false}
        value={fields.listenPort}
        onChange={(value) => onChange({ ...fields, listenPort: Number(value) })}
      />
    </>
  );
}
