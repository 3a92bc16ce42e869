import type { ReactNode } from 'react';
import { RichText } from './rich-text.tsx';
import './cards.css';

interface EmptyStateProps {
  readonly title: string;
  readonly first: string;
  readonly steps: readonly string[];
  readonly action?: ReactNode;
}

/** What an empty screen says: what to do first. */
export function EmptyState({ title, first, steps, action }: EmptyStateProps) {
  return (
    <section className="empty-state">
      <h2>{title}</h2>
      <p className="soft">{first}</p>
      <ol>
        {steps.map((step) => (
          <li key={step}>
            <RichText text={step} />
          </li>
        ))}
      </ol>
      {action}
    </section>
  );
}
