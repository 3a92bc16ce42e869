import type { Diagnostic } from '@sluice/pipelines/language/diagnostic';
import { useMessages } from '../messages/language-context.tsx';
import { RichText } from './rich-text.tsx';
import './diagnostics-list.css';

/** What is wrong with a pipeline file: each message with its source line, underlined. */
export function DiagnosticsList({ diagnostics }: { readonly diagnostics: readonly Diagnostic[] }) {
  const t = useMessages();
  const errors = diagnostics.filter((diagnostic) => diagnostic.severity === 'error').length;
  const warnings = diagnostics.length - errors;
  return (
    <section className="diagnostics panel">
      {errors > 0 && (
        <div className="panel-body">
          <strong>{t.run.brokenTitle}</strong>
          <p className="soft">
            <RichText text={t.run.brokenExplain} />
          </p>
        </div>
      )}
      <p className="soft diagnostics-count">
        {[errors > 0 && t.run.errors(errors), warnings > 0 && t.run.warnings(warnings)]
          .filter(Boolean)
          .join(', ')}
      </p>
      <ul>
        {diagnostics.map((diagnostic) => (
          <li
            key={`${diagnostic.line}:${diagnostic.column}:${diagnostic.code}`}
            data-severity={diagnostic.severity}
          >
            <p>
              <RichText text={diagnostic.message} />
            </p>
            <p className="mono soft">
              {diagnostic.file}:{diagnostic.line}:{diagnostic.column} · {diagnostic.code}
            </p>
            <SourceLine diagnostic={diagnostic} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function SourceLine({ diagnostic }: { readonly diagnostic: Diagnostic }) {
  const { sourceLine, column, length } = diagnostic;
  const start = column - 1;
  const end = start + length;
  return (
    <pre>
      <span className="line-number" aria-hidden>
        {diagnostic.line}
      </span>
      {sourceLine.slice(0, start)}
      <u>{sourceLine.slice(start, end) || ' '}</u>
      {sourceLine.slice(end)}
    </pre>
  );
}
