// Containers beside the steps, and what they commonly need to be ready.
import { maxServices } from '../language/read-services.ts';
import { leftOut, type Conversion } from './conversion.ts';
import { draftList, draftMap, draftOf, put, type DraftMap, type DraftValue } from './draft.ts';
import { FreshNames, hostOf, imageWord } from './names.ts';
import type { Span } from '../language/source-file.ts';

export interface ServiceDraft {
  readonly name: string;
  readonly image: string;
  readonly env: DraftMap;
  readonly command: readonly string[];
  readonly ready: string | null;
  readonly from: Span;
}

/** Questions that well-known images answer with 0 when they can be used. */
const readiness: readonly (readonly [RegExp, string])[] = [
  [/^(postgres|postgresql|postgis|timescaledb)$/, 'pg_isready'],
  [/^(mysql|percona)$/, 'mysqladmin ping --silent'],
  [/^mariadb$/, 'mariadb-admin ping --silent || mysqladmin ping --silent'],
  [/^(redis|valkey)$/, 'redis-cli ping'],
];

export const readyOf = (image: string): string | null =>
  readiness.find(([pattern]) => pattern.test(imageWord(image)))?.[1] ?? null;

/** Variables by which well-known images are set up, which other systems hand to services of their own accord. */
export const isServiceVariable = (name: string, image: string): boolean => {
  const word = imageWord(image);
  const [, prefix = ''] =
    /^(POSTGRES|PG|MYSQL|MARIADB|MONGO|RABBITMQ|REDIS|MINIO|DISCOVERY|ES)_/.exec(name) ?? [];
  const families: Readonly<Record<string, RegExp>> = {
    POSTGRES: /postg|timescale/,
    PG: /postg|timescale/,
    MYSQL: /mysql|mariadb|percona/,
    MARIADB: /mariadb/,
    MONGO: /mongo/,
    RABBITMQ: /rabbit/,
    REDIS: /redis/,
    MINIO: /minio/,
    DISCOVERY: /elastic|opensearch/,
    ES: /elastic|opensearch/,
  };
  return families[prefix]?.test(word) ?? false;
};

/** As many as a stage may have. */
export function firstServices<Item>(
  conversion: Conversion,
  items: readonly Item[],
  spanOf: (item: Item) => Span,
): readonly Item[] {
  const [further] = items.slice(maxServices);
  if (further !== undefined) {
    leftOut(conversion, spanOf(further), {
      what: `service ${maxServices + 1} and those after it`,
      why: `a stage has at most ${maxServices} services, and here are ${items.length}.`,
      whatToDo: 'Make several stages.',
    });
  }
  return items.slice(0, maxServices);
}

/** Each name once; undefined where there is none. */
export function servicesDraft(services: readonly ServiceDraft[]): DraftValue | undefined {
  const map = draftMap();
  const names = new FreshNames();
  for (const service of services) {
    const name = names.of(hostOf(service.name));
    const ready = service.ready ?? readyOf(service.image);
    const isPlain = ready === null && service.env.entries.length === 0 && service.command.length === 0;
    const long = draftOf({
      image: service.image,
      env: service.env,
      command: service.command.length === 0 ? undefined : draftList(service.command),
      ready: ready ?? undefined,
    });
    put(map, name, isPlain ? service.image : long, service.from);
  }
  return map.entries.length === 0 ? undefined : map;
}
