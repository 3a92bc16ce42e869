import './styles/layers.css';
import '@mantine/core/styles.layer.css';
import '@mantine/notifications/styles.layer.css';
import './styles/tokens.css';
import './styles/base.css';
import { QueryCache, QueryClient } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { createApiClient } from './api/api-client.ts';
import { ApiError } from './api/api-error.ts';
import { isPassing } from './api/ask-again.ts';
import { browserLiveSocket } from './api/live-context.tsx';
import { App } from './app.tsx';

const root = document.getElementById('root');
if (root === null) throw new Error('index.html has no element with the id "root"');

const queries = new QueryClient({
  queryCache: new QueryCache({
    // A session that ended anywhere leads to the sign-in page.
    onError: (error, query) => {
      if (error instanceof ApiError && error.status === 401 && query.queryKey[0] !== 'session')
        void queries.invalidateQueries({ queryKey: ['session'] });
    },
  }),
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      retry: (failures, error) => isPassing(error) && failures < 2,
      refetchInterval: ({ state }) => (state.error !== null && isPassing(state.error) ? 5_000 : false),
    },
  },
});

createRoot(root).render(
  <StrictMode>
    <App
      api={createApiClient((input, init) => window.fetch(input, init))}
      queries={queries}
      live={browserLiveSocket()}
    />
  </StrictMode>,
);
