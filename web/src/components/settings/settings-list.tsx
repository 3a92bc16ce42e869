import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { RichText } from '../rich-text.tsx';
import { ProblemCard } from '../problem-card.tsx';

interface SettingsListProps {
  readonly title: string;
  readonly explain: string;
  readonly query: UseQueryResult<unknown>;
  readonly columns: readonly string[];
  readonly isEmpty: boolean;
  /** What to do when there is nothing. */
  readonly empty: string;
  /** The table's rows. */
  readonly children: ReactNode;
}

/** A list of the settings: what it is for, its rows or what to do first, or why it cannot be shown. */
export function SettingsList(props: SettingsListProps) {
  const { query } = props;
  return (
    <section className="panel" aria-label={props.title}>
      <div className="panel-head">
        <p className="soft">
          <RichText text={props.explain} />
        </p>
      </div>
      {query.error !== null && (
        <div className="panel-body">
          <ProblemCard error={query.error} onRetry={() => void query.refetch()} />
        </div>
      )}
      {query.data !== undefined &&
        (props.isEmpty ? (
          <p className="panel-body">
            <RichText text={props.empty} />
          </p>
        ) : (
          <table className="settings-table">
            <thead>
              <tr>
                {props.columns.map((column) => (
                  <th key={column} scope="col">
                    {column}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>{props.children}</tbody>
          </table>
        ))}
    </section>
  );
}
