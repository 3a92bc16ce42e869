// The manifests of a commit, read from files that a stranger wrote.
import { lstat, mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { LineCounter, parseAllDocuments } from 'yaml';
import { z } from 'zod';
import type { CheckoutSpec } from '@sluice/pipelines/protocol/worker-api';
import { resolveInside } from '../../build/workspace-path.ts';
import type { Checkout } from '../../checkout/check-out.ts';
import { DeployProblem } from '../deploy-problem.ts';
import type { ActionContext } from '../deploy-target.ts';
import { kubeObject, type KubeObject } from './kube-objects.ts';

/** Objects of every YAML file in the folder (not of those below it) or of the one file, by file name. */
export async function readManifests(
  checkout: Checkout,
  spec: CheckoutSpec,
  path: string,
  { say, signal }: ActionContext,
): Promise<readonly KubeObject[]> {
  const root = await mkdtemp(join(tmpdir(), 'sluice-manifests-'));
  const [workspace, scratch] = [join(root, 'workspace'), join(root, 'scratch')];
  try {
    await Promise.all([mkdir(workspace), mkdir(scratch)]);
    const done = await checkout.checkOut(spec, { workspace, scratch, say }, signal);
    if (!done.ok) throw new DeployProblem('checkout-failed', done.error, { retryable: true });
    const files = await manifestFiles(workspace, path);
    const texts = await Promise.all(files.map(readManifest));
    return texts.flatMap(({ name, text }) => parseManifests(text, name));
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

/** Objects of a text with one or more YAML documents; a `List` counts as its items. */
export function parseManifests(text: string, file: string): readonly KubeObject[] {
  const lineCounter = new LineCounter();
  const documents = parseAllDocuments(text, { lineCounter });
  if ('empty' in documents) return [];
  return documents.flatMap((document) => {
    const [error] = document.errors;
    if (error !== undefined) throw invalid(file, lineCounter.linePos(error.pos[0]).line, error.message);
    const value: unknown = document.toJS();
    if (value === null || value === undefined) return [];
    const line = lineCounter.linePos(document.contents?.range?.[0] ?? 0).line;
    return itemsOf(value).map((item) => {
      const parsed = kubeObject.safeParse(item);
      if (parsed.success) return parsed.data;
      const issue = parsed.error.issues[0];
      throw invalid(file, line, `${issue?.path.join('.') ?? ''} ${issue?.message ?? 'is malformed'}`);
    });
  });
}

const list = z.object({ kind: z.string().endsWith('List'), items: z.array(z.unknown()) });

function itemsOf(value: unknown): readonly unknown[] {
  const parsed = list.safeParse(value);
  return parsed.success ? parsed.data.items : [value];
}

const longestFile = 1_000_000;
const mostFiles = 200;

async function manifestFiles(workspace: string, path: string): Promise<readonly string[]> {
  const found = await resolveInside(workspace, path);
  if (!found.ok) {
    const why = found.error.reason === 'missing' ? 'does not exist at this commit' : 'leaves the repository';
    throw new DeployProblem(
      'manifests-missing',
      `The path "${path}" ${why}: mend \`manifests\` of the stage.`,
    );
  }
  if (!(await lstat(found.value)).isDirectory()) return [found.value];
  const names = (await readdir(found.value, { withFileTypes: true }))
    .filter((entry) => entry.isFile() && /\.(ya?ml|json)$/.test(entry.name))
    .map(({ name }) => name)
    .toSorted();
  if (names.some((name) => /^kustomization\.ya?ml$/i.test(name))) throw kustomization(path);
  if (names.length === 0 || names.length > mostFiles) {
    throw new DeployProblem(
      'manifests-missing',
      `The folder "${path}" holds ${names.length} YAML files; between 1 and ${mostFiles} are read.`,
    );
  }
  return names.map((name) => join(found.value, name));
}

async function readManifest(path: string): Promise<{ readonly name: string; readonly text: string }> {
  const name = basename(path);
  if ((await lstat(path)).size > longestFile) {
    throw new DeployProblem('manifest-refused', `${name} is larger than 1 MB: split it.`);
  }
  return { name, text: await readFile(path, 'utf8') };
}

function kustomization(path: string): DeployProblem {
  return new DeployProblem(
    'manifest-refused',
    `The folder "${path}" is a kustomization, and only plain manifests are read: commit the output of \`kubectl kustomize\`.`,
  );
}

function invalid(file: string, line: number, message: string): DeployProblem {
  return new DeployProblem('manifest-refused', `${file}:${line}: ${message.split('\n')[0] ?? ''}`);
}
