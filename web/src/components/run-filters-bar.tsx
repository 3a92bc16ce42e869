import { Button, Select, TextInput } from '@mantine/core';
import { IconSearch } from '@tabler/icons-react';
import { useEffect, useState, type RefObject } from 'react';
import { useSearchParams } from 'react-router';
import type { RunSummary } from '@sluice/pipelines/protocol/api';
import { useMessages } from '../messages/language-context.tsx';
import { filterKeys, type FilterKey, type RunFilters } from '../state/run-filters.ts';
import './run-filters-bar.css';

const runStates = ['running', 'awaiting-approval', 'held', 'failed', 'succeeded', 'cancelled'] as const;

interface RunFiltersBarProps {
  /** The loaded rows: what can be chosen is what occurs in them. */
  readonly runs: readonly RunSummary[];
  readonly filters: RunFilters;
  readonly words: string;
  readonly searchRef: RefObject<HTMLInputElement | null>;
}

/** The filters; they live in the address. */
export function RunFiltersBar({ runs, filters, words, searchRef }: RunFiltersBarProps) {
  const t = useMessages();
  const [, setParameters] = useSearchParams();
  const [text, setText] = useState(words);
  // The address follows what is typed with a delay of its own; it decides only while nobody types.
  useEffect(() => {
    if (document.activeElement !== searchRef.current) setText(words);
  }, [words, searchRef]);
  const set = (key: FilterKey | 'q', value: string | null) =>
    setParameters(
      (known) => {
        if (value === null || value === '') known.delete(key);
        else known.set(key, value);
        return known;
      },
      { replace: key === 'q' },
    );
  const labels = { branch: t.runs.branch, pipeline: t.runs.pipeline, project: t.runs.project };
  const values = {
    branch: runs.map((run) => run.ref),
    pipeline: runs.map((run) => run.pipeline),
    project: runs.map((run) => run.project),
  };
  return (
    <div className="run-filters" role="search">
      <TextInput
        ref={searchRef}
        className="run-search"
        aria-label={t.runs.search}
        placeholder={t.runs.searchHint}
        leftSection={<IconSearch size={14} aria-hidden />}
        rightSection={<kbd>/</kbd>}
        value={text}
        onChange={(event) => {
          setText(event.currentTarget.value);
          set('q', event.currentTarget.value);
        }}
        onKeyDown={(event) => {
          if (event.key === 'Escape') event.currentTarget.blur();
        }}
      />
      <Select
        aria-label={t.runs.columns.state}
        placeholder={t.runs.any}
        clearable
        data={runStates.map((value) => ({ value, label: t.states[value] }))}
        value={filters.status ?? null}
        onChange={(value) => set('status', value)}
      />
      {(['pipeline', 'branch', 'project'] as const).map((key) => (
        <Select
          key={key}
          aria-label={labels[key]}
          placeholder={t.runs.anyOf(labels[key])}
          clearable
          searchable
          data={unique([...values[key], ...(filters[key] === undefined ? [] : [filters[key]])])}
          value={filters[key] ?? null}
          onChange={(value) => set(key, value)}
        />
      ))}
      {(words !== '' || filterKeys.some((key) => filters[key] !== undefined)) && (
        <Button variant="subtle" onClick={() => setParameters({})}>
          {t.runs.clear}
        </Button>
      )}
    </div>
  );
}

const unique = (values: readonly string[]): string[] => [...new Set(values)].toSorted();
