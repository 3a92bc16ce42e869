import { createHash } from 'node:crypto';

export interface LogDigest {
  readonly add: (line: string) => void;
  /** Lower-case hex; the digest is over afterwards. */
  readonly finish: () => string;
}

/** SHA-256 over every line's text followed by "\n", in order: what the server computes again from what it stored. */
export function createLogDigest(): LogDigest {
  const hash = createHash('sha256');
  return {
    add: (line) => void hash.update(line).update('\n'),
    finish: () => hash.digest('hex'),
  };
}
