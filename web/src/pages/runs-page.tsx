import { Button } from '@mantine/core';
import { IconPlayerPlay } from '@tabler/icons-react';
import { useMemo, useRef, useState } from 'react';
import { Link, useNavigate, useSearchParams } from 'react-router';
import { EmptyState } from '../components/empty-state.tsx';
import { ProblemCard } from '../components/problem-card.tsx';
import { RunFiltersBar } from '../components/run-filters-bar.tsx';
import { RunRows } from '../components/run-rows.tsx';
import { StartRunDialog } from '../components/start-run/start-run-dialog.tsx';
import { useShortcuts } from '../components/use-shortcuts.ts';
import { useMessages } from '../messages/language-context.tsx';
import { matchesWords, readFilters } from '../state/run-filters.ts';
import { useRunsList } from '../state/use-runs-list.ts';

/** What is going on, what broke, and is it mine? */
export function RunsPage() {
  const [parameters] = useSearchParams();
  // A list belongs to its filters: other filters begin with an empty one.
  const filterText = new URLSearchParams(readFilters(parameters)).toString();
  return <FilteredRuns key={filterText} filterText={filterText} words={parameters.get('q') ?? ''} />;
}

function FilteredRuns({ filterText, words }: { readonly filterText: string; readonly words: string }) {
  const t = useMessages();
  const navigate = useNavigate();
  const filters = useMemo(() => readFilters(new URLSearchParams(filterText)), [filterText]);
  const runs = useRunsList(filters);
  const { rows, pending } = runs.list;
  const shown = useMemo(() => rows.filter((run) => matchesWords(run, words)), [rows, words]);
  const [selected, setSelected] = useState<string | null>(null);
  const [isStarting, setStarting] = useState(false);
  const search = useRef<HTMLInputElement>(null);
  const move = (by: number) => {
    const index = shown.findIndex((run) => run.id === selected);
    const next = shown[Math.max(0, Math.min(shown.length - 1, index + by))];
    if (next === undefined) return;
    setSelected(next.id);
    document.getElementById(`run-${next.id}`)?.scrollIntoView({ block: 'nearest' });
  };
  useShortcuts({
    '/': () => search.current?.focus(),
    n: () => setStarting(true),
    j: () => move(1),
    k: () => move(-1),
    Enter: () => {
      if (selected !== null) void navigate(`/runs/${selected}`);
    },
  });
  const isUnfiltered = filterText === '';
  return (
    <>
      <div className="page-head">
        <h1>{t.runs.title}</h1>
        <RunFiltersBar runs={rows} filters={filters} words={words} searchRef={search} />
        <div className="grow" />
        <Button leftSection={<IconPlayerPlay size={14} />} onClick={() => setStarting(true)}>
          {t.runs.start}
        </Button>
      </div>
      {runs.error !== null && <ProblemCard error={runs.error} onRetry={runs.retry} />}
      {runs.isLoaded && rows.length === 0 && pending.length === 0 && isUnfiltered && (
        <EmptyState
          title={t.runs.emptyTitle}
          first={t.runs.emptyFirst}
          steps={t.runs.emptySteps}
          action={
            <Button component={Link} to="/settings/repositories" variant="filled">
              {t.runs.addRepository}
            </Button>
          }
        />
      )}
      {runs.isLoaded && shown.length === 0 && !(rows.length === 0 && isUnfiltered) && (
        <p className="soft">{rows.length === 0 ? t.runs.noneMatch : t.runs.noneMatchWords}</p>
      )}
      {shown.length > 0 && <RunRows runs={runs} shown={shown} selected={selected} />}
      {isStarting && <StartRunDialog onClose={() => setStarting(false)} />}
    </>
  );
}
