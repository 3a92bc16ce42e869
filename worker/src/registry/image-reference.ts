import { err, ok, type Result } from '@sluice/pipelines/result';

/** A repository at a registry, without tag or digest: `registry.example.com:5000/team/shop`. */
export interface ImageRepository {
  /** Host and port as people write it; `docker.io` where none is written. */
  readonly registry: string;
  /** Path inside the registry: `team/shop`. */
  readonly path: string;
  /** As the engine spells it: registry and path. */
  readonly name: string;
}

const label = '[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?';
const hostPattern = new RegExp(`^(?:${label}(?:\\.${label})*|\\[[0-9a-fA-F:]+\\])(?::[0-9]{1,5})?$`);
const part = '[a-z0-9]+(?:(?:\\.|_{1,2}|-+)[a-z0-9]+)*';
const pathPattern = new RegExp(`^${part}(?:/${part})*$`);

/** The grammar is github.com/distribution/reference. The error says what is wrong with the text. */
export function parseImageRepository(text: string): Result<ImageRepository, string> {
  const slash = text.indexOf('/');
  const first = slash < 0 ? '' : text.slice(0, slash);
  const hasHost = first === 'localhost' || /[.:]/.test(first) || first !== first.toLowerCase();
  const rest = hasHost ? text.slice(slash + 1) : text;
  if (text.length > 255 || (hasHost && !hostPattern.test(first)) || !pathPattern.test(rest)) {
    return err(
      `"${text}" is no image repository. Write host and path without a tag, in lower case, such as registry.example.com/team/shop.`,
    );
  }
  if (hasHost) return ok({ registry: first, path: rest, name: text });
  return ok({ registry: 'docker.io', path: rest.includes('/') ? rest : `library/${rest}`, name: rest });
}

export function isImageTag(text: string): boolean {
  return /^\w[\w.-]{0,127}$/.test(text);
}
