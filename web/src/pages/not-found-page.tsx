import { Link } from 'react-router';
import { useMessages } from '../messages/language-context.tsx';

export function NotFoundPage() {
  const t = useMessages();
  return (
    <section className="empty-state">
      <h2>{t.problems.notFoundTitle}</h2>
      <p>{t.problems.notFound}</p>
      <p>
        <Link className="link" to="/runs">
          {t.problems.notFoundRemedy}
        </Link>
      </p>
    </section>
  );
}
