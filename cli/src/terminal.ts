import { readFile, writeFile } from 'node:fs/promises';
import pc from 'picocolors';
import type { FileTree } from '@sluice/pipelines/language/find-files';
import type { ReadTemplateFile } from '@sluice/pipelines/language/templates/gather-templates';
import { findTemplate, type TemplateFolders } from './find-template.ts';
import { localTree, placeOfFile, type LocalPlace } from './local-files.ts';

/** What commands that print need of the terminal; tests give their own. */
export interface Terminal {
  readonly readFile: (path: string) => Promise<string>;
  readonly placeOf: (path: string) => Promise<LocalPlace>;
  readonly tree: (root: string) => FileTree;
  /** Reads templates of other repositories for the one in this folder. */
  readonly template: (root: string) => ReadTemplateFile;
  readonly write: (text: string) => void;
  readonly colour: boolean;
}

export interface ConvertTerminal extends Omit<Terminal, 'placeOf' | 'tree' | 'template'> {
  /** What is about the result, beside it. */
  readonly say: (text: string) => void;
  /** Refuses a file that is there. */
  readonly writeFile: (path: string, text: string) => Promise<void>;
}

export const terminal = (folders: TemplateFolders = {}): Terminal => ({
  readFile: (path) => readFile(path, 'utf8'),
  placeOf: placeOfFile,
  tree: localTree,
  template: (root) => findTemplate(root, folders),
  write: (text) => void process.stdout.write(text),
  colour: pc.isColorSupported,
});

export const convertTerminal = (): ConvertTerminal => ({
  ...terminal(),
  say: (text) => void process.stderr.write(text),
  writeFile: (path, text) => writeFile(path, text, { flag: 'wx' }),
});
