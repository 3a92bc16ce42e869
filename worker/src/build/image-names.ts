import { createHash } from 'node:crypto';

/** What the names of all images that wait for later stages begin with. */
export const runImagePrefix = 'sluice/';

/**
 * The name under which a build stage's image waits on its engine for the later stages of the run:
 * `sluice/<installation>/<run>:<stage>`. Always a valid reference, and different for different stages.
 */
export function runImageName(installation: string, runId: string, stage: string): string {
  return `${runImagePrefix}${pathPart(installation)}/${pathPart(runId)}:${tagPart(stage)}`;
}

/** A path component of a reference: `[a-z0-9]+` joined by `.`, `_`, `__` or dashes. */
function pathPart(text: string): string {
  return /^[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*$/.test(text) && text.length <= 100
    ? text
    : marked(text.toLowerCase().replace(/[^a-z0-9]+/g, '-'), text);
}

/** A tag: a word character, then word characters, dots and dashes, at most 128. */
function tagPart(text: string): string {
  return /^\w[\w.-]{0,127}$/.test(text) ? text : marked(text.replace(/[^\w]+/g, '-'), text);
}

/** Text that had to be changed carries a mark of the original, so that two originals never share a name. */
function marked(changed: string, original: string): string {
  const mark = createHash('sha256').update(original).digest('hex').slice(0, 12);
  const words = changed.replace(/^[^a-zA-Z0-9]+|[^a-zA-Z0-9]+$/g, '').slice(0, 80);
  return words === '' ? mark : `${words.replace(/[^a-zA-Z0-9]+$/, '')}-${mark}`;
}
