import { Component, type ReactNode } from 'react';
import { ProblemCard } from './problem-card.tsx';

interface State {
  readonly error: Error | null;
}

/** Keeps a fault of one page from taking the whole screen. */
export class ErrorBoundary extends Component<{ readonly children: ReactNode }, State> {
  override state: State = { error: null };

  static getDerivedStateFromError(error: unknown): State {
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }

  override render(): ReactNode {
    return this.state.error === null ? (
      this.props.children
    ) : (
      <ProblemCard error={this.state.error} onRetry={() => window.location.reload()} />
    );
  }
}
