import { Checkbox, NumberInput, Select, TextInput } from '@mantine/core';
import type { InputProblem } from '@sluice/pipelines/plan/check-inputs';
import type { ManualInput } from '@sluice/pipelines/plan/manual-start';
import { unreachable } from '@sluice/pipelines/result';
import type { InputValue } from '@sluice/pipelines/trigger/trigger';
import { useMessages } from '../../messages/language-context.tsx';
import type { Messages } from '../../messages/en.ts';

interface InputFieldProps {
  readonly id: string;
  readonly input: ManualInput;
  /** Names of those that there are, for inputs that ask for one. */
  readonly environments: readonly string[];
  /** Empty text: nothing is filled in. */
  readonly value: InputValue;
  /** Null: nothing is known to be wrong. */
  readonly problem: InputProblem | null;
  readonly onChange: (value: InputValue) => void;
}

/** A field of the input's kind, with what is wrong below it. */
export function InputField({ id, input, environments, value, problem, onChange }: InputFieldProps) {
  const words = useMessages().startRun;
  const named = {
    id,
    label: input.name,
    description: input.description,
    error: problem === null ? null : explain(problem, input, words),
  };
  const field = { ...named, withAsterisk: input.isRequired, 'aria-required': input.isRequired };
  const choose = (options: readonly string[], isSearchable = false) => (
    <Select
      {...field}
      data={[...options]}
      value={value === '' ? null : String(value)}
      placeholder={words.choose}
      searchable={isSearchable}
      allowDeselect={false}
      onChange={(chosen) => onChange(chosen ?? '')}
    />
  );
  const type = () => (
    <TextInput {...field} value={String(value)} onChange={(event) => onChange(event.currentTarget.value)} />
  );
  switch (input.type) {
    case 'string':
      return type();
    case 'number':
      return <NumberInput {...field} value={typeof value === 'boolean' ? '' : value} onChange={onChange} />;
    case 'boolean':
      // Without a default, neither is meant until somebody says so.
      if (input.isRequired) return choose(['true', 'false']);
      return (
        <Checkbox
          {...named}
          checked={value === true}
          onChange={(event) => onChange(event.currentTarget.checked)}
        />
      );
    case 'choice':
      return choose(input.options);
    case 'environment':
      return environments.length === 0 ? type() : choose(environments, true);
    default:
      return unreachable(input);
  }
}

function explain({ reason, message }: InputProblem, input: ManualInput, words: Messages['startRun']): string {
  if (reason === 'unknown') return message;
  if (reason === 'missing') return words.missing;
  return input.type === 'choice' ? words.wrong.choice(input.options) : words.wrong[input.type];
}
