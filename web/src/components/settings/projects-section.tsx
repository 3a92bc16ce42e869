import { Button, NumberInput, Select } from '@mantine/core';
import { useState, type FormEvent } from 'react';
import type { ProjectLimits, ProjectView } from '@sluice/pipelines/protocol/api';
import { paths } from '../../api/paths.ts';
import { useProjects } from '../../api/queries.ts';
import { useAction } from '../../api/use-action.ts';
import { useMessages } from '../../messages/language-context.tsx';
import { ProblemCard } from '../problem-card.tsx';
import { SettingsList } from './settings-list.tsx';

/** How the projects share the workers. */
export function ProjectsSection() {
  const t = useMessages();
  const words = t.limits;
  const query = useProjects();
  const projects = query.data?.projects ?? [];
  return (
    <>
      <SettingsList
        title={t.settings.sections.projects}
        explain={words.explain}
        query={query}
        columns={[words.project, words.weight, words.running, words.open]}
        isEmpty={projects.length === 0}
        empty={words.empty}
      >
        {projects.map((project) => (
          <tr key={project.project}>
            <td>
              <strong>{project.project}</strong>
            </td>
            <td>{project.weight}</td>
            <td>{words.of(project.runningStages, project.maxRunningStages)}</td>
            <td>{words.of(project.openRuns, project.maxOpenRuns)}</td>
          </tr>
        ))}
      </SettingsList>
      {projects.length > 0 && <LimitsForm projects={projects} />}
    </>
  );
}

function LimitsForm({ projects }: { readonly projects: readonly ProjectView[] }) {
  const words = useMessages().limits;
  const [chosen, setChosen] = useState<string | null>(null);
  const [edited, setEdited] = useState<Partial<ProjectLimits>>({});
  const shown = projects.find(({ project }) => project === chosen) ?? projects[0];
  const save = useAction(() => setEdited({}));
  if (shown === undefined) return null;
  const { weight, maxRunningStages, maxOpenRuns } = { ...shown, ...edited };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const body: ProjectLimits = { weight, maxRunningStages, maxOpenRuns };
    save.mutate({ method: 'PUT', path: paths.limits(shown.project), body });
  };
  const limit = (value: number | string): number | null => (typeof value === 'number' ? value : null);
  return (
    <form className="settings-form panel" onSubmit={submit}>
      <Select
        label={words.project}
        allowDeselect={false}
        data={projects.map(({ project }) => project)}
        value={shown.project}
        onChange={(value) => {
          setChosen(value);
          setEdited({});
        }}
      />
      <NumberInput
        label={words.weight}
        description={words.weightHint}
        min={1}
        max={1_000}
        allowDecimal={false}
        value={weight}
        onChange={(value) => setEdited({ ...edited, weight: limit(value) ?? 1 })}
      />
      <NumberInput
        label={words.most}
        description={words.mostHint}
        min={1}
        allowDecimal={false}
        value={maxRunningStages ?? ''}
        onChange={(value) => setEdited({ ...edited, maxRunningStages: limit(value) })}
      />
      <NumberInput
        label={words.mostOpen}
        description={words.mostOpenHint}
        min={1}
        allowDecimal={false}
        value={maxOpenRuns ?? ''}
        onChange={(value) => setEdited({ ...edited, maxOpenRuns: limit(value) })}
      />
      {save.error !== null && (
        <div className="wide">
          <ProblemCard error={save.error} />
        </div>
      )}
      <Button type="submit" variant="filled" loading={save.isPending}>
        {words.save}
      </Button>
    </form>
  );
}
