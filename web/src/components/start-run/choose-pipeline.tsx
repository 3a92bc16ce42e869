import { Select } from '@mantine/core';
import type { ManualStart } from '@sluice/pipelines/plan/manual-start';
import { useMessages } from '../../messages/language-context.tsx';
import { DiagnosticsList } from '../diagnostics-list.tsx';
import { RichText } from '../rich-text.tsx';

interface ChoosePipelineProps {
  readonly starts: readonly ManualStart[];
  /** Null: none can be started by hand. */
  readonly chosen: string | null;
  readonly onChange: (pipeline: string) => void;
}

/** Which pipeline, where there are several; and why others, or all of them, cannot be started by hand. */
export function ChoosePipeline({ starts, chosen, onChange }: ChoosePipelineProps) {
  const words = useMessages().startRun;
  const startable = starts.filter(({ kind }) => kind === 'startable');
  const broken = starts.filter((start) => start.kind === 'broken');
  const others = starts.filter(({ kind }) => kind === 'not-by-hand');
  return (
    <>
      {startable.length > 1 && (
        <Select
          label={words.pipeline}
          data={startable.map(({ pipeline, file }) => ({ value: pipeline, label: `${pipeline} (${file})` }))}
          value={chosen}
          onChange={(name) => name !== null && onChange(name)}
          allowDeselect={false}
        />
      )}
      {startable.length === 1 && chosen !== null && (
        <p className="soft">
          <RichText text={words.only(chosen, startable[0]?.file ?? '')} />
        </p>
      )}
      {others.length > 0 && startable.length === 0 && (
        <p role="status">
          <RichText text={words.notByHand(others.map(({ file }) => file))} />
        </p>
      )}
      {broken.map(({ file, diagnostics }) => (
        <DiagnosticsList key={file} diagnostics={diagnostics} />
      ))}
    </>
  );
}
