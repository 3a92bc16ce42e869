import type { ApprovalRule } from './definition.ts';
import { field, readOptionalFields, type Reader } from './fields.ts';
import { approvalKeys } from './keys/approval-keys.ts';
import { namesOf } from './keys/key.ts';
import { readBoolean, readInteger, readList, readText } from './read-values.ts';
import { readDuration } from './read-units.ts';

/** Anyone who may approve, one person, within a day, where the file does not say otherwise. */
export const readApproval: Reader<ApprovalRule> = (reading, node, name) => {
  const fields = readOptionalFields(reading, node, name, { known: namesOf(approvalKeys) });
  return {
    by: field(fields, 'by', readList(readText), []),
    count: field(fields, 'count', readInteger(1, 20), 1),
    withinMs: field(fields, 'within', readDuration(1_000), 24 * 3_600_000),
    notAuthor: field(fields, 'not_author', readBoolean, false),
  };
};
