import { NavLink, Navigate, useParams } from 'react-router';
import { AuditSection } from '../components/settings/audit-section.tsx';
import { DeliveriesSection } from '../components/settings/deliveries-section.tsx';
import { NotificationsSection } from '../components/settings/notifications-section.tsx';
import { ProjectsSection } from '../components/settings/projects-section.tsx';
import { RepositoriesSection } from '../components/settings/repositories-section.tsx';
import { SecretsSection } from '../components/settings/secrets-section.tsx';
import { TokensSection } from '../components/settings/tokens-section.tsx';
import { WorkersSection } from '../components/settings/workers-section.tsx';
import { useMessages } from '../messages/language-context.tsx';
import '../components/settings/settings.css';

const sections = {
  repositories: RepositoriesSection,
  secrets: SecretsSection,
  tokens: TokensSection,
  workers: WorkersSection,
  projects: ProjectsSection,
  notifications: NotificationsSection,
  deliveries: DeliveriesSection,
  audit: AuditSection,
} as const;
type SectionName = keyof typeof sections;
const names = [
  'repositories',
  'secrets',
  'tokens',
  'workers',
  'projects',
  'notifications',
  'deliveries',
  'audit',
] as const satisfies SectionName[];

export function SettingsPage() {
  const t = useMessages();
  const { section } = useParams();
  const name = names.find((candidate) => candidate === section);
  if (name === undefined) return <Navigate to="/settings/repositories" replace />;
  const Section = sections[name];
  return (
    <div className="settings">
      <div>
        <h1>{t.settings.title}</h1>
        <nav aria-label={t.settings.title}>
          {names.map((each) => (
            <NavLink key={each} to={`/settings/${each}`}>
              {t.settings.sections[each]}
            </NavLink>
          ))}
        </nav>
      </div>
      <div className="stack">
        <Section />
      </div>
    </div>
  );
}
