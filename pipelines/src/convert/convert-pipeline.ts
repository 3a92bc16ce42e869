// A pipeline of another system → a first pipeline of ours, with every difference named at its line.
import type { Diagnostic } from '../language/diagnostic.ts';
import type { Span } from '../language/source-file.ts';
import {
  leftOut,
  changed,
  countKeys,
  fatesOfKeys,
  startConversion,
  type Conversion,
  type KeyCounts,
  type KeyFate,
} from './conversion.ts';
import { convertGithub } from './convert-github.ts';
import { convertGitlab } from './convert-gitlab.ts';
import { convertWoodpecker } from './convert-woodpecker.ts';
import { detectSystem, type System } from './detect-system.ts';
import { draftList, draftOf, isEmpty, valueAt, type DraftItem, type DraftMap } from './draft.ts';
import { githubKeys } from './github-keys.ts';
import { gitlabKeys } from './gitlab-keys.ts';
import type { KeyTable } from './key-table.ts';
import { noteText, type Note } from './note.ts';
import { draftPipeline, type PipelineDraft } from './pipeline-draft.ts';
import { readSource, type SourceText } from './read-source.ts';
import { repairDraft } from './repair-draft.ts';
import { woodpeckerKeys } from './woodpecker-keys.ts';
import { writeDraft } from './write-draft.ts';

export type ConvertedPipeline =
  | {
      readonly kind: 'converted';
      readonly system: System;
      /** Always accepted by `parsePipeline`. */
      readonly pipeline: string;
      /** In the order of the source. */
      readonly notes: readonly Note[];
      readonly counts: KeyCounts;
      /** Each key of the source that was met, by its place in the table of keys. */
      readonly keys: readonly { readonly name: string; readonly fate: KeyFate }[];
    }
  | { readonly kind: 'broken'; readonly diagnostics: readonly Diagnostic[] };

export type Converter = (conversion: Conversion, source: SourceText) => PipelineDraft;

export const converters = {
  gitlab: { convert: convertGitlab, keys: gitlabKeys, title: 'GitLab CI' },
  github: { convert: convertGithub, keys: githubKeys, title: 'GitHub Actions' },
  woodpecker: { convert: convertWoodpecker, keys: woodpeckerKeys, title: 'Woodpecker' },
} satisfies Record<System, { convert: Converter; keys: KeyTable; title: string }>;

/** No text makes it throw. `file` begins messages and, where no system is named, tells which it is. */
export function convertPipeline(text: string, file: string, named: System | null): ConvertedPipeline {
  const read = readSource(text, file);
  if (!read.ok) return { kind: 'broken', diagnostics: read.error };
  const system = named ?? detectSystem(file, read.value.root);
  if (system === null) return { kind: 'broken', diagnostics: [unknownSystem(file, text)] };
  const { convert, keys, title } = converters[system];
  const conversion = startConversion(read.value.source, keys);
  noteRepeated(conversion, read.value);
  const draft = draftPipeline(convert(conversion, read.value));
  const pipeline = finish(conversion, draft, [
    `Converted from ${file} (${title}) by \`sluice convert\`. Read it before you use it.`,
  ]);
  const notes = conversion.notes
    .map((each) => each.note)
    .toSorted((a, b) => a.line - b.line || a.column - b.column);
  return {
    kind: 'converted',
    system,
    pipeline,
    notes,
    counts: countKeys(conversion),
    keys: fatesOfKeys(conversion),
  };
}

const unknownSystem = (file: string, text: string): Diagnostic => ({
  severity: 'error',
  code: 'unknown-system',
  message:
    'Neither the name nor the keys of this file tell whose pipeline it is. Add --from gitlab, github or woodpecker.',
  file,
  line: 1,
  column: 1,
  length: 1,
  sourceLine: (text.split('\n')[0] ?? '').slice(0, 1_000),
});

function noteRepeated(conversion: Conversion, { repeated, hasHeader }: SourceText): void {
  for (const problem of repeated.slice(0, 100))
    changed(conversion, problem, {
      what: 'a key',
      why: 'it stands twice in its map, and the last one counts.',
    });
  if (hasHeader) {
    leftOut(
      conversion,
      { start: 0, end: 1 },
      {
        what: 'spec',
        why: 'inputs of a template are not filled in.',
        whatToDo: 'Write a template of your own, or put the values in.',
      },
    );
  }
}

/** Mends the draft until our parser takes it, and says in comments what the notes say. */
function finish(conversion: Conversion, draft: DraftMap, heading: readonly string[]): string {
  const isMended =
    hasStages(draft) &&
    repairDraft(draft, ({ path, from, message }) =>
      leftOut(conversion, from ?? { start: 0, end: 1 }, {
        what: path,
        why: `it cannot stand here. ${message}`,
      }),
    );
  if (!isMended) {
    leftOut(
      conversion,
      { start: 0, end: 1 },
      {
        what: 'the whole file',
        why: 'nothing of it makes a pipeline that could run.',
        whatToDo: 'Begin with the one stage that is written.',
      },
    );
  }
  const written = isMended ? draft : smallestDraft();
  const rest = comment(conversion, written);
  return writeDraft(written, [...heading, ...rest]);
}

function hasStages(draft: DraftMap): boolean {
  const stages = valueAt(draft, 'stages');
  return typeof stages === 'object' && !isEmpty(stages);
}

function smallestDraft(): DraftMap {
  const stage = draftOf({ image: 'busybox:1', steps: draftList(['echo nothing was carried over']) });
  return draftOf({ on: 'manual', stages: draftOf({ converted: stage }) });
}

const mostComments = 12;

/** Puts each note above the stage that it is about; gives the others. */
function comment({ notes }: Conversion, draft: DraftMap): readonly string[] {
  const stages = draft.entries.find((entry) => entry.key === 'stages')?.value;
  const places: readonly DraftItem[] =
    typeof stages === 'object' && stages.kind === 'map' ? stages.entries : [];
  const rest: string[] = [];
  for (const { note, span } of notes.toSorted((a, b) => a.span.start - b.span.start)) {
    const line = `line ${note.line}: ${noteText(note)}`;
    const place = places.find(({ from }) => from !== null && isInside(span, from));
    const lines = place === undefined ? rest : place.comments;
    if (lines.length < mostComments) lines.push(line);
    else if (lines.length === mostComments) lines.push('… and more: sluice convert lists all of them.');
  }
  return rest;
}

const isInside = (inner: Span, outer: Span): boolean => outer.start <= inner.start && inner.start < outer.end;
