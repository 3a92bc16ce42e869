// Names of another system → names that our language accepts, each once.
import { wordName } from '../language/read-values.ts';
import { trimEnd } from '../trim-end.ts';

const taken = (name: string): boolean => name in Object.prototype || !wordName.pattern.test(name);

/** Names that were not given before: `db`, `db-2`, `db-3`. */
export class FreshNames {
  readonly #used = new Set<string>();
  /** The last number behind a name: who asks for one name thousands of times is not made to wait. */
  readonly #counts = new Map<string, number>();

  of(wanted: string): string {
    let count = this.#counts.get(wanted) ?? 1;
    let name = wanted;
    while (this.#used.has(name)) {
      count += 1;
      name = `${wanted.slice(0, 56)}-${count}`;
    }
    this.#counts.set(wanted, count);
    this.#used.add(name);
    return name;
  }
}

/** Gives each name of another system its own; asks twice for the same name get the same answer. */
export class StageNames {
  readonly #byName = new Map<string, string>();
  readonly #fresh = new FreshNames();

  of(name: string): string {
    const known = this.#byName.get(name);
    if (known !== undefined) return known;
    const id = this.fresh(name);
    this.#byName.set(name, id);
    return id;
  }

  /** A further name, never given before. */
  fresh(name: string): string {
    return this.#fresh.of(wordOf(name, 'stage'));
  }

  get(name: string): string | undefined {
    return this.#byName.get(name);
  }
}

export function wordOf(name: string, fallback: string): string {
  const words = trimEnd(name.replace(/[^A-Za-z0-9_-]+/g, '-').replace(/^[^A-Za-z]+/, ''), '-').slice(0, 58);
  const word = words === '' ? fallback : words;
  return taken(word) ? `${fallback}-${word}`.slice(0, 60) : word;
}

/** A variable of the shell: `node-version` → `node_version`. */
export function variableOf(name: string): string {
  const word = name.replace(/[^A-Za-z0-9_]+/g, '_').slice(0, 190);
  return /^[A-Za-z_]/.test(word) && !(word in Object.prototype) ? word : `_${word}`;
}

export const isVariable = (name: string): boolean =>
  /^[A-Za-z_][A-Za-z0-9_]{0,199}$/.test(name) && !(name in Object.prototype);

/** The name of a secret; null where it cannot be one. */
export const secretName = (name: string): string | null =>
  /^[A-Za-z_][A-Za-z0-9_.-]{0,99}$/.test(name) ? name : null;

/** The host name of a service. */
export function hostOf(name: string): string {
  const plain = name.toLowerCase().replace(/[^a-z0-9-]+/g, '-');
  const word = trimEnd(plain.replace(/^[^a-z]+/, '').slice(0, 60), '-');
  return word === '' || word === 'localhost' || word in Object.prototype
    ? `service-${word}`.replace(/-$/, '')
    : word;
}

/** The last part of an image's name, without tag: `registry.example.com/tools/postgres:16` → `postgres`. */
export const imageWord = (image: string): string =>
  (image.split('@')[0] ?? '').split('/').at(-1)?.split(':')[0] ?? '';

/** CEL text in single quotes. */
export const quoted = (text: string): string =>
  `'${text
    .replaceAll('\\', '\\\\')
    .replaceAll("'", "\\'")
    .replace(/\p{Cc}/gu, ' ')}'`;
