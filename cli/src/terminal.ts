import { readFile } from 'node:fs/promises';
import pc from 'picocolors';

/** What commands that print need of the terminal; tests give their own. */
export interface Terminal {
  readonly readFile: (path: string) => Promise<string>;
  readonly write: (text: string) => void;
  readonly colour: boolean;
}

export const terminal = (): Terminal => ({
  readFile: (path) => readFile(path, 'utf8'),
  write: (text) => void process.stdout.write(text),
  colour: pc.isColorSupported,
});
