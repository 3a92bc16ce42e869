import { ActionIcon, Menu, useComputedColorScheme, useMantineColorScheme } from '@mantine/core';
import {
  IconBook2,
  IconKeyboard,
  IconLanguage,
  IconLogout,
  IconMoon,
  IconServer2,
  IconSettings,
  IconStack2,
  IconSun,
  IconUserCircle,
} from '@tabler/icons-react';
import { Link, NavLink } from 'react-router';
import type { SessionView } from '@sluice/pipelines/protocol/api';
import { paths } from '../api/paths.ts';
import { useAction } from '../api/use-action.ts';
import { useLanguage, useMessages } from '../messages/language-context.tsx';
import { LiveMark } from './live-mark.tsx';
import { Logo } from './logo.tsx';
import './top-bar.css';

interface TopBarProps {
  readonly session: SessionView;
  readonly onHelp: () => void;
}

export function TopBar({ session, onHelp }: TopBarProps) {
  const t = useMessages();
  const places = [
    { to: '/runs', label: t.nav.runs, Icon: IconStack2 },
    { to: '/environments', label: t.nav.environments, Icon: IconServer2 },
    { to: '/settings', label: t.nav.settings, Icon: IconSettings },
  ];
  return (
    <header className="top-bar">
      <NavLink to="/runs" className="brand" aria-label="Sluice">
        <Logo size={22} />
        <span>Sluice</span>
      </NavLink>
      <nav aria-label={t.nav.label}>
        {places.map(({ to, label, Icon }) => (
          <NavLink key={to} to={to} className="place" title={label}>
            <Icon size={16} stroke={1.8} aria-hidden />
            <span>{label}</span>
          </NavLink>
        ))}
      </nav>
      <div className="grow" />
      <LiveMark />
      <ColorToggle />
      <LanguageToggle />
      <PersonMenu session={session} onHelp={onHelp} />
    </header>
  );
}

function ColorToggle() {
  const t = useMessages();
  const { setColorScheme } = useMantineColorScheme();
  const isDark = useComputedColorScheme('light') === 'dark';
  const label = isDark ? t.theme.toLight : t.theme.toDark;
  return (
    <ActionIcon aria-label={label} title={label} onClick={() => setColorScheme(isDark ? 'light' : 'dark')}>
      {isDark ? <IconSun size={17} aria-hidden /> : <IconMoon size={17} aria-hidden />}
    </ActionIcon>
  );
}

function LanguageToggle() {
  const t = useMessages();
  const { language, choose } = useLanguage();
  return (
    <ActionIcon
      aria-label={t.language.toggle}
      title={t.language.toggle}
      onClick={() => choose(language === 'en' ? 'zh' : 'en')}
    >
      <IconLanguage size={17} aria-hidden />
    </ActionIcon>
  );
}

function PersonMenu({ session, onHelp }: TopBarProps) {
  const t = useMessages();
  const signOut = useAction(() => window.location.assign('/login'));
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <ActionIcon aria-label={t.nav.signedInAs(session.user)} title={t.nav.signedInAs(session.user)}>
          <IconUserCircle size={18} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          {t.nav.signedInAs(session.user)}
          <br />
          Sluice {session.version} · {session.installation}
        </Menu.Label>
        <Menu.Item leftSection={<IconBook2 size={15} />} component={Link} to="/docs/language">
          {t.docs.title}
        </Menu.Item>
        <Menu.Item leftSection={<IconKeyboard size={15} />} rightSection={<kbd>?</kbd>} onClick={onHelp}>
          {t.nav.help}
        </Menu.Item>
        <Menu.Item
          leftSection={<IconLogout size={15} />}
          onClick={() => signOut.mutate({ method: 'DELETE', path: paths.session })}
        >
          {t.nav.signOut}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
