import { useQueryClient } from '@tanstack/react-query';
import { Suspense, useEffect, useState } from 'react';
import { Outlet, useLocation, useNavigate } from 'react-router';
import { ApiError } from '../api/api-error.ts';
import { LiveProvider } from '../api/live-context.tsx';
import type { LiveSocket } from '../api/live-socket.ts';
import { useSession } from '../api/queries.ts';
import { ErrorBoundary } from '../components/error-boundary.tsx';
import { ProblemCard } from '../components/problem-card.tsx';
import { ShortcutsHelp } from '../components/shortcuts-help.tsx';
import { TopBar } from '../components/top-bar.tsx';
import { useShortcuts } from '../components/use-shortcuts.ts';
import { useMessages } from '../messages/language-context.tsx';
import { LoginPage } from './login-page.tsx';

/** The frame around every page, for whoever has a session; the sign-in page for everyone else. */
export function SignedIn({ live }: { readonly live: LiveSocket }) {
  const t = useMessages();
  const session = useSession();
  const navigate = useNavigate();
  const { pathname } = useLocation();
  const [isHelpOpen, setHelpOpen] = useState(false);
  useShortcuts({
    'g r': () => void navigate('/runs'),
    'g e': () => void navigate('/environments'),
    'g s': () => void navigate('/settings'),
    'g d': () => void navigate('/docs/language'),
    '?': () => setHelpOpen(true),
  });
  useAskAgainAfterReconnect(live);
  if (session.error instanceof ApiError && session.error.status === 401) return <LoginPage />;
  if (session.data === undefined)
    return (
      <main className="page">
        {session.error !== null && (
          <ProblemCard error={session.error} onRetry={() => void session.refetch()} />
        )}
      </main>
    );
  return (
    <LiveProvider socket={live}>
      <a className="skip-link" href="#content">
        {t.nav.skip}
      </a>
      <TopBar session={session.data} onHelp={() => setHelpOpen(true)} />
      <main id="content" className="page" tabIndex={-1}>
        <ErrorBoundary key={pathname}>
          <Suspense>
            <Outlet />
          </Suspense>
        </ErrorBoundary>
      </main>
      {isHelpOpen && <ShortcutsHelp onClose={() => setHelpOpen(false)} />}
    </LiveProvider>
  );
}

/** Lists are not replayed by the socket: whatever is shown is asked for once after a cut. */
function useAskAgainAfterReconnect(live: LiveSocket): void {
  const cache = useQueryClient();
  useEffect(() => live.onReopen(() => void cache.invalidateQueries()), [live, cache]);
}
