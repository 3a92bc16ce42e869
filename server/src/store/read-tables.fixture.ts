import { sql } from 'kysely';
import type { Database } from './database.ts';

/** A table as PostgreSQL's catalogue has it. */
export interface Table {
  readonly name: string;
  /** Changes when the whole table is written anew. */
  readonly file: number;
  readonly columns: readonly {
    readonly name: string;
    readonly type: string;
    readonly takesNull: boolean;
    readonly hasDefault: boolean;
  }[];
  /** What rows must fulfil: constraints and unique indexes. */
  readonly rules: readonly string[];
}

/** Those of Sluice, without the migrator's own. */
export async function readTables(db: Database): Promise<readonly Table[]> {
  const { rows } = await sql<Table>`
    select t.relname as name, t.relfilenode::int8 as file,
      (select json_agg(json_build_object('name', attname, 'type', format_type(atttypid, atttypmod),
          'takesNull', not attnotnull, 'hasDefault', atthasdef or attidentity <> '') order by attname)
        from pg_attribute where attrelid = t.oid and attnum > 0 and not attisdropped) as columns,
      coalesce((select json_agg(pg_get_constraintdef(oid)) from pg_constraint
        where conrelid = t.oid and contype <> 'n'), '[]'::json)::jsonb ||
      coalesce((select json_agg(pg_get_indexdef(indexrelid)) from pg_index
        where indrelid = t.oid and indisunique), '[]'::json)::jsonb as rules
    from pg_class t
    where t.relkind = 'r' and t.relnamespace = 'public'::regnamespace and t.relname not like 'kysely%'
    order by t.relname`.execute(db);
  return rows;
}
