import { ActionIcon, Button, Modal, SegmentedControl, Select, TextInput } from '@mantine/core';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import { useState, type FormEvent } from 'react';
import type { FreezeRules } from '@sluice/pipelines/freeze/freeze-rules';
import { paths } from '../api/paths.ts';
import { useAction } from '../api/use-action.ts';
import { useMessages } from '../messages/language-context.tsx';
import { freezeFields, newWindow, readFreeze, type WindowFields } from '../state/freeze-fields.ts';
import { ProblemCard } from './problem-card.tsx';

interface FreezeDialogProps {
  readonly environment: string;
  readonly rules: FreezeRules;
  readonly onClose: () => void;
}

/** Says when nothing may be released to an environment, and who may let something through. */
export function FreezeDialog({ environment, rules, onClose }: FreezeDialogProps) {
  const t = useMessages();
  const words = t.freeze;
  const [fields, setFields] = useState(() => freezeFields(rules));
  const save = useAction(onClose);
  const setWindows = (windows: readonly WindowFields[]) => setFields({ ...fields, windows });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate({ method: 'PUT', path: paths.freeze(environment), body: readFreeze(fields) });
  };
  const ownZone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return (
    <Modal opened onClose={onClose} size="lg" title={<strong>{words.edit(environment)}</strong>}>
      <form className="stack" onSubmit={submit}>
        <p className="soft">{words.explain}</p>
        {fields.windows.length === 0 && <p>{words.none}</p>}
        {fields.windows.map((window, index) => (
          // Windows have no name yet while they are typed, and never change places.
          <WindowInputs
            key={index}
            window={window}
            onChange={(changed) => setWindows(fields.windows.with(index, changed))}
            onRemove={() => setWindows(fields.windows.toSpliced(index, 1))}
          />
        ))}
        <div className="row">
          <Button
            leftSection={<IconPlus size={14} />}
            onClick={() => setWindows([...fields.windows, newWindow(ownZone)])}
          >
            {words.add}
          </Button>
        </div>
        <Select
          label={words.starts}
          allowDeselect={false}
          data={(['wait', 'refuse'] as const).map((value) => ({ value, label: words.startsKinds[value] }))}
          value={fields.starts}
          onChange={(value) => setFields({ ...fields, starts: value === 'refuse' ? 'refuse' : 'wait' })}
        />
        <TextInput
          label={words.breakGlass}
          description={words.breakGlassHint}
          value={fields.breakGlass}
          onChange={(event) => setFields({ ...fields, breakGlass: event.currentTarget.value })}
        />
        {save.error !== null && <ProblemCard error={save.error} />}
        <div className="row dialog-actions">
          <Button onClick={onClose}>{t.actions.cancel}</Button>
          <Button type="submit" variant="filled" loading={save.isPending}>
            {t.actions.save}
          </Button>
        </div>
      </form>
    </Modal>
  );
}

interface WindowInputsProps {
  readonly window: WindowFields;
  readonly onChange: (window: WindowFields) => void;
  readonly onRemove: () => void;
}

function WindowInputs({ window, onChange, onRemove }: WindowInputsProps) {
  const words = useMessages().freeze;
  const text = (name: Exclude<keyof WindowFields, 'kind'>) => ({
    value: window[name],
    required: true,
    onChange: (event: { readonly currentTarget: { readonly value: string } }) =>
      onChange({ ...window, [name]: event.currentTarget.value }),
  });
  return (
    <fieldset className="freeze-window">
      <div className="row">
        <SegmentedControl
          aria-label={words.kind}
          data={(['deny', 'allow'] as const).map((value) => ({ value, label: words.kinds[value] }))}
          value={window.kind}
          onChange={(kind: WindowFields['kind']) => onChange({ ...window, kind })}
        />
        <div className="grow" />
        <ActionIcon
          aria-label={words.remove(window.name)}
          title={words.remove(window.name)}
          onClick={onRemove}
        >
          <IconTrash size={16} aria-hidden />
        </ActionIcon>
      </div>
      <div className="freeze-window-fields">
        <TextInput label={words.name} {...text('name')} />
        <TextInput label={words.timezone} {...text('timezone')} />
        <TextInput label={words.cron} description={words.cronHint} {...text('cron')} />
        <TextInput label={words.duration} description={words.durationHint} {...text('duration')} />
      </div>
      <TextInput label={words.reason} {...text('reason')} />
    </fieldset>
  );
}
