/** HTTP status of an answer of the Docker engine; null for any other error. */
export function engineStatus(error: unknown): number | null {
  if (!(error instanceof Error) || !('statusCode' in error)) return null;
  return typeof error.statusCode === 'number' ? error.statusCode : null;
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
