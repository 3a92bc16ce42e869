import type { Diagnostic } from '@sluice/pipelines/language/diagnostic';
import { Link } from 'react-router';
import { sectionAddress } from '../docs/docs-address.ts';
import { useMessages } from '../messages/language-context.tsx';
import { RichText } from './rich-text.tsx';
import './diagnostics-list.css';

/** What is wrong with a pipeline file: each message with its source line, underlined. */
export function DiagnosticsList({ diagnostics }: { readonly diagnostics: readonly Diagnostic[] }) {
  const t = useMessages();
  const errors = diagnostics.filter((diagnostic) => diagnostic.severity === 'error').length;
  const warnings = diagnostics.length - errors;
  const list = <List diagnostics={diagnostics} />;
  if (errors === 0)
    return (
      <details className="diagnostics panel">
        <summary className="soft">{t.run.warnings(warnings)}</summary>
        {list}
      </details>
    );
  return (
    <section className="diagnostics panel">
      <div className="panel-body">
        <strong>{t.run.brokenTitle}</strong>
        <p className="soft">
          <RichText text={t.run.brokenExplain} />
        </p>
      </div>
      <p className="soft diagnostics-count">
        {[t.run.errors(errors), warnings > 0 && t.run.warnings(warnings)].filter(Boolean).join(', ')}
      </p>
      {list}
    </section>
  );
}

function List({ diagnostics }: { readonly diagnostics: readonly Diagnostic[] }) {
  return (
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
            <Explained diagnostic={diagnostic} />
          </p>
          <SourceLine diagnostic={diagnostic} />
        </li>
      ))}
    </ul>
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

/** Where the documentation explains what stands there. */
function Explained({ diagnostic }: { readonly diagnostic: Diagnostic }) {
  const t = useMessages();
  const address = sectionAddress(diagnostic);
  if (address === null) return null;
  return (
    <>
      {' · '}
      <Link to={address}>{t.docs.about(diagnostic.section ?? '')}</Link>
    </>
  );
}
