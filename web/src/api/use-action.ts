import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useApi } from './api-context.tsx';

export interface Action {
  readonly method: 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly body?: unknown;
}

/** Sends something that changes the server's state; afterwards every shown query is asked for again. */
export function useAction<T = unknown>(onDone?: (answer: T) => void) {
  const api = useApi();
  const cache = useQueryClient();
  return useMutation<T, Error, Action>({
    mutationFn: ({ method, path, body }) => api.send<T>(method, path, body),
    onSuccess: async (answer) => {
      onDone?.(answer);
      await cache.invalidateQueries();
    },
  });
}
