import type { TemplateFolders } from '../find-template.ts';
import { terminal, type Terminal } from '../terminal.ts';

export interface RunTerminal extends Terminal {
  /** Diagnostics and everything that is not the run itself. */
  readonly say: (text: string) => void;
  readonly input: NodeJS.ReadStream;
  readonly output: NodeJS.WriteStream;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export const runTerminal = (folders: TemplateFolders): RunTerminal => ({
  ...terminal(folders),
  say: (text) => void process.stderr.write(text),
  input: process.stdin,
  output: process.stdout,
  cwd: process.cwd(),
  env: process.env,
});
