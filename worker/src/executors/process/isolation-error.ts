/** Thrown when the operator asks for an isolation that this host cannot give. */
export class IsolationError extends Error {
  override readonly name = 'IsolationError';
}
