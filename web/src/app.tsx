import { MantineProvider } from '@mantine/core';
import { Notifications } from '@mantine/notifications';
import { QueryClientProvider, type QueryClient } from '@tanstack/react-query';
import { lazy } from 'react';
import { BrowserRouter, Navigate, Route, Routes } from 'react-router';
import type { ApiClient } from './api/api-client.ts';
import { ApiContext } from './api/api-context.tsx';
import type { LiveSocket } from './api/live-socket.ts';
import { LanguageProvider } from './messages/language-context.tsx';
import { EnvironmentsPage } from './pages/environments-page.tsx';
import { LoginPage } from './pages/login-page.tsx';
import { LogPage } from './pages/log-page.tsx';
import { NotFoundPage } from './pages/not-found-page.tsx';
import { RunsPage } from './pages/runs-page.tsx';
import { SettingsPage } from './pages/settings-page.tsx';
import { SignedIn } from './pages/signed-in.tsx';
import { resolveVariables, theme } from './theme.ts';

// The graph and the charts bring large libraries along, and the documentation its text: loaded when first needed.
const RunPage = lazy(() => import('./pages/run-page.tsx'));
const DocsPage = lazy(() => import('./pages/docs-page.tsx'));
const RolloutPage = lazy(() => import('./pages/rollout-page.tsx'));

interface AppProps {
  readonly api: ApiClient;
  readonly queries: QueryClient;
  readonly live: LiveSocket;
}

export function App({ api, queries, live }: AppProps) {
  return (
    <MantineProvider theme={theme} cssVariablesResolver={resolveVariables} defaultColorScheme="auto">
      <LanguageProvider>
        <QueryClientProvider client={queries}>
          <ApiContext value={api}>
            <Notifications position="bottom-right" />
            <BrowserRouter>
              <Routes>
                <Route path="/login" element={<LoginPage />} />
                <Route element={<SignedIn live={live} />}>
                  <Route index element={<Navigate to="/runs" replace />} />
                  <Route path="/runs" element={<RunsPage />} />
                  <Route path="/runs/:id" element={<RunPage />} />
                  <Route path="/runs/:id/attempts/:attemptId/log" element={<LogPage />} />
                  <Route path="/rollouts/:id" element={<RolloutPage />} />
                  <Route path="/environments" element={<EnvironmentsPage />} />
                  <Route path="/docs/:page?" element={<DocsPage />} />
                  <Route path="/settings/:section?" element={<SettingsPage />} />
                  <Route path="*" element={<NotFoundPage />} />
                </Route>
              </Routes>
            </BrowserRouter>
          </ApiContext>
        </QueryClientProvider>
      </LanguageProvider>
    </MantineProvider>
  );
}
