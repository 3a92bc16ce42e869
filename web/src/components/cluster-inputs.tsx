import { ActionIcon, Button, NumberInput, TextInput } from '@mantine/core';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import type { EnvironmentCluster } from '@sluice/pipelines/protocol/environment';
import { useMessages } from '../messages/language-context.tsx';
import './cluster-inputs.css';

interface ClusterInputsProps {
  readonly clusters: readonly EnvironmentCluster[];
  readonly onChange: (clusters: readonly EnvironmentCluster[]) => void;
}

/** A row a cluster, in the order in which waves count them. Docker hosts come from a file; here they are only named. */
export function ClusterInputs({ clusters, onChange }: ClusterInputsProps) {
  const t = useMessages().clusters.form;
  const set = (at: number, changed: EnvironmentCluster) =>
    onChange(clusters.map((cluster, index) => (index === at ? changed : cluster)));
  return (
    <div className="stack">
      {clusters.map((cluster, index) => (
        // Rows have no name before one is typed, and never change places.
        <ClusterRow
          key={index}
          cluster={cluster}
          onChange={(changed) => set(index, changed)}
          onRemove={() => onChange(clusters.filter((_, each) => each !== index))}
        />
      ))}
      <div>
        <Button leftSection={<IconPlus size={14} />} onClick={() => onChange([...clusters, newCluster])}>
          {t.add}
        </Button>
      </div>
    </div>
  );
}

const newCluster: EnvironmentCluster = {
  name: '',
  partition: null,
  instancesPercent: 100,
  target: { kind: 'kubernetes', namespace: '', kubeconfigSecret: null, prometheusUrl: null },
};

interface ClusterRowProps {
  readonly cluster: EnvironmentCluster;
  readonly onChange: (cluster: EnvironmentCluster) => void;
  readonly onRemove: () => void;
}

function ClusterRow({ cluster, onChange, onRemove }: ClusterRowProps) {
  const t = useMessages().clusters.form;
  const { name, partition, instancesPercent, target } = cluster;
  const orNull = (text: string): string | null => (text.trim() === '' ? null : text.trim());
  return (
    <fieldset className="cluster-inputs">
      <TextInput
        label={t.name}
        required
        value={name}
        onChange={(event) => onChange({ ...cluster, name: event.currentTarget.value.trim() })}
      />
      <TextInput
        label={t.partition}
        value={partition ?? ''}
        onChange={(event) => onChange({ ...cluster, partition: orNull(event.currentTarget.value) })}
      />
      <NumberInput
        label={t.instances}
        min={1}
        max={1_000}
        suffix=" %"
        allowDecimal={false}
        value={instancesPercent}
        onChange={(value) => onChange({ ...cluster, instancesPercent: Number(value) })}
      />
      {target.kind === 'docker' ? (
        <p className="soft">
          Docker: {target.service}, {target.listenHost}:{target.listenPort}
        </p>
      ) : (
        <>
          <TextInput
            label={t.namespace}
            required
            value={target.namespace}
            onChange={(event) =>
              onChange({ ...cluster, target: { ...target, namespace: event.currentTarget.value.trim() } })
            }
          />
          <TextInput
            label={t.kubeconfig}
            value={target.kubeconfigSecret ?? ''}
            onChange={(event) =>
              onChange({
                ...cluster,
                target: { ...target, kubeconfigSecret: orNull(event.currentTarget.value) },
              })
            }
          />
          <TextInput
            label={t.prometheus}
            type="url"
            value={target.prometheusUrl ?? ''}
            onChange={(event) =>
              onChange({
                ...cluster,
                target: { ...target, prometheusUrl: orNull(event.currentTarget.value) },
              })
            }
          />
        </>
      )}
      <ActionIcon aria-label={t.remove(name)} title={t.remove(name)} onClick={onRemove}>
        <IconTrash size={16} aria-hidden />
      </ActionIcon>
    </fieldset>
  );
}
