import { constants } from 'node:fs';
import { lstat, open, realpath } from 'node:fs/promises';
import { dirname, isAbsolute, join, normalize, relative } from 'node:path';
import { err, ok, type Result } from '@sluice/pipelines/result';

/** Bytes of an output's file. */
export const largestOutput = 64 * 1024;

/**
 * Trimmed text of each file of `outputs` in the workspace. The workspace was written by strangers: a link, a file
 * outside, or anything that is no plain file is refused. The error is a sentence for the author.
 */
export async function readOutputs(
  workspace: string,
  outputs: Readonly<Record<string, { readonly file: string }>>,
): Promise<Result<Readonly<Record<string, string>>, string>> {
  const values: Record<string, string> = {};
  for (const [name, { file }] of Object.entries(outputs)) {
    const text = await readOutput(workspace, file);
    if (!text.ok) return err(`output "${name}": ${text.error}`);
    values[name] = text.value;
  }
  return ok(values);
}

/** Whether the path stays in the workspace by its words alone. */
export function isInside(path: string): boolean {
  const plain = normalize(path);
  return !isAbsolute(plain) && plain !== '..' && !plain.startsWith('../') && plain !== '.';
}

async function readOutput(workspace: string, file: string): Promise<Result<string, string>> {
  if (!isInside(file)) return err(`"${file}" is not a path inside the workspace.`);
  const path = join(workspace, file);
  try {
    const folder = await realpath(dirname(path));
    if (relative(await realpath(workspace), folder).startsWith('..')) {
      return err(`"${file}" leaves the workspace through a link.`);
    }
    if (!(await lstat(path)).isFile())
      return err(`"${file}" is a link or no plain file; write the value itself there.`);
    return await readSmallFile(path, file);
  } catch (error) {
    if (isMissing(error))
      return err(`the steps have not written "${file}". Write the value there, or remove the output.`);
    throw error;
  }
}

async function readSmallFile(path: string, file: string): Promise<Result<string, string>> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const { size } = await handle.stat();
    if (size > largestOutput) return err(`"${file}" has ${size} bytes; an output may have ${largestOutput}.`);
    const text = (await handle.readFile()).toString('utf8');
    return text.includes('\0') ? err(`"${file}" is not text.`) : ok(text.trim());
  } finally {
    await handle.close();
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}
