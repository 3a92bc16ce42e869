// The parts of GitHub's payloads that we read; everything else is left alone.
import { z } from 'zod';

/** Full object name; GitHub repositories may use SHA-256. */
export const objectName = z.string().regex(/^([0-9a-f]{40}|[0-9a-f]{64})$/);

const repository = z.object({ full_name: z.string() });
const person = z.object({ name: z.string(), username: z.string().optional() });
const paths = z.array(z.string()).default([]);

export const githubPush = z.object({
  ref: z.string(),
  after: objectName,
  created: z.boolean().default(false),
  deleted: z.boolean().default(false),
  forced: z.boolean().default(false),
  repository,
  pusher: z.object({ name: z.string() }),
  sender: z.object({ login: z.string() }).optional(),
  head_commit: z.object({ id: objectName, message: z.string(), author: person }).nullable(),
  commits: z.array(z.object({ added: paths, removed: paths, modified: paths })).default([]),
});
export type GithubPush = z.infer<typeof githubPush>;

export const githubPullRequest = z.object({
  action: z.string(),
  number: z.number().int(),
  repository,
  sender: z.object({ login: z.string() }),
  pull_request: z.object({
    title: z.string(),
    user: z.object({ login: z.string() }),
    head: z.object({
      ref: z.string(),
      sha: objectName,
      /** Null when the fork was deleted. */
      repo: repository.nullable(),
    }),
    base: z.object({ ref: z.string() }),
  }),
});
export type GithubPullRequest = z.infer<typeof githubPullRequest>;
