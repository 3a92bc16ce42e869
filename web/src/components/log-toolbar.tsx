import { ActionIcon, TextInput } from '@mantine/core';
import {
  IconArrowBarDown,
  IconArrowBarUp,
  IconChevronDown,
  IconChevronUp,
  IconCircleCheckFilled,
  IconSearch,
} from '@tabler/icons-react';
import type { ReactNode, RefObject } from 'react';
import { formatCount } from '../format/figure.ts';
import type { Messages } from '../messages/en.ts';
import { useMessages } from '../messages/language-context.tsx';
import type { LogEnd, LogSnapshot } from '../state/log-store.ts';
import type { LogSearch } from './use-log-search.ts';

interface LogToolbarProps {
  readonly snapshot: LogSnapshot;
  readonly end: LogEnd | null;
  readonly isRunning: boolean;
  readonly search: LogSearch;
  readonly searchRef: RefObject<HTMLInputElement | null>;
  readonly follow: boolean;
  readonly onFollow: (follow: boolean) => void;
  readonly withTimes: boolean;
  readonly onTimes: (show: boolean) => void;
  readonly onTop: () => void;
  readonly onBottom: () => void;
  /** A line number from 0, which may lie beyond the end. */
  readonly onLine: (n: number) => void;
  readonly corner?: ReactNode;
}

export function LogToolbar(props: LogToolbarProps) {
  const t = useMessages();
  const { follow, onFollow, withTimes, onTimes } = props;
  return (
    <div className="log-toolbar">
      <SearchField {...props} />
      <div className="grow" />
      <LogStanding {...props} />
      <div className="row log-buttons">
        {props.isRunning && (
          <Toggle pressed={follow} label={t.log.follow} hint={t.log.followHint} onPress={onFollow} />
        )}
        <Toggle pressed={withTimes} label={t.log.times} hint={t.log.timesHint} onPress={onTimes} />
        <ActionIcon aria-label={t.log.top} title={t.log.top} onClick={props.onTop}>
          <IconArrowBarUp size={16} aria-hidden />
        </ActionIcon>
        <ActionIcon aria-label={t.log.bottom} title={t.log.bottom} onClick={props.onBottom}>
          <IconArrowBarDown size={16} aria-hidden />
        </ActionIcon>
        {props.corner}
      </div>
    </div>
  );
}

function SearchField({ search, searchRef, onLine }: LogToolbarProps) {
  const t = useMessages();
  return (
    <div className="row log-search">
      <TextInput
        ref={searchRef}
        aria-label={t.log.search}
        placeholder={t.log.searchHint}
        leftSection={<IconSearch size={14} aria-hidden />}
        value={search.needle}
        onChange={(event) => search.type(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter') {
            const line = readLineNumber(search.needle);
            if (line === null) search.step(event.shiftKey ? 1 : -1);
            else onLine(line);
          }
          if (event.key === 'Escape') {
            search.type('');
            event.currentTarget.blur();
          }
        }}
      />
      {search.needle !== '' && readLineNumber(search.needle) === null && (
        <>
          <span className="soft" role="status">
            {standing(t, search)}
          </span>
          <ActionIcon aria-label={t.log.previous} title={t.log.previous} onClick={() => search.step(-1)}>
            <IconChevronUp size={16} aria-hidden />
          </ActionIcon>
          <ActionIcon aria-label={t.log.next} title={t.log.next} onClick={() => search.step(1)}>
            <IconChevronDown size={16} aria-hidden />
          </ActionIcon>
        </>
      )}
    </div>
  );
}

/** How many matches there are, and how much of the log was looked at while it still is. */
function standing(t: Messages, search: LogSearch): string {
  if (search.error !== null) return search.error.message;
  const isSearching = search.progress < 1;
  const part = isSearching ? t.log.searched(Math.floor(search.progress * 100)) : '';
  if (search.count === 0) return isSearching ? part : t.log.noMatches;
  return `${t.log.matches(search.at, search.count)} ${part}`.trim();
}

/** `:500000` means the line of that number; gives it from 0. */
function readLineNumber(typed: string): number | null {
  const digits = /^:([1-9]\d{0,8})$/.exec(typed.trim())?.[1];
  return digits === undefined ? null : Number(digits) - 1;
}

/** How much of the log there is, and whether it is proved to be all of it. */
function LogStanding({ snapshot, end, isRunning }: LogToolbarProps) {
  const t = useMessages();
  if (end !== null && end.verified)
    return (
      <span className="log-complete" title={t.log.completeHint(end.digest)}>
        <IconCircleCheckFilled size={14} aria-hidden />
        {t.log.complete(formatCount(end.lines))}
      </span>
    );
  const count = formatCount(snapshot.log.total);
  return <span className="soft">{isRunning ? t.log.live(count) : t.log.lines(count)}</span>;
}

interface ToggleProps {
  readonly pressed: boolean;
  readonly label: string;
  readonly hint: string;
  readonly onPress: (pressed: boolean) => void;
}

function Toggle({ pressed, label, hint, onPress }: ToggleProps) {
  return (
    <button
      type="button"
      className="log-toggle"
      aria-pressed={pressed}
      title={hint}
      onClick={() => onPress(!pressed)}
    >
      {label}
    </button>
  );
}
