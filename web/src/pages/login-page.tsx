import { Button, PasswordInput } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState, type FormEvent } from 'react';
import { useNavigate, useSearchParams } from 'react-router';
import { ApiError } from '../api/api-error.ts';
import { paths } from '../api/paths.ts';
import { useAction } from '../api/use-action.ts';
import { Copyable } from '../components/copyable.tsx';
import { Logo } from '../components/logo.tsx';
import { ProblemCard } from '../components/problem-card.tsx';
import { RichText } from '../components/rich-text.tsx';
import { useMessages } from '../messages/language-context.tsx';
import './login-page.css';

/** Exchanges `/login?token=…` for a session; without a token, says where one is found. */
export function LoginPage() {
  const t = useMessages();
  const navigate = useNavigate();
  const cache = useQueryClient();
  const [parameters] = useSearchParams();
  const [typed, setTyped] = useState('');
  const signIn = useAction(() => {
    cache.clear();
    void navigate('/runs', { replace: true });
  });
  const { mutate } = signIn;
  const token = parameters.get('token');
  const exchanged = useRef<string | null>(null);
  useEffect(() => {
    // A link works once: React's second call of an effect in development must not use it up.
    if (token === null || exchanged.current === token) return;
    exchanged.current = token;
    mutate({ method: 'POST', path: paths.session, body: { token } });
  }, [token, mutate]);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    mutate({ method: 'POST', path: paths.session, body: { token: typed.trim() } });
  };
  return (
    <main className="login-page">
      <div className="panel panel-body stack">
        <div className="row">
          <Logo size={30} />
          <h1>{t.login.title}</h1>
        </div>
        {signIn.isPending ? (
          <p role="status">{t.login.exchanging}</p>
        ) : (
          <>
            {signIn.error !== null && <SignInProblem error={signIn.error} />}
            <p>{t.login.explain}</p>
            <h2>{t.login.where}</h2>
            <p>
              <RichText text={t.login.terminal} />
            </p>
            <p>{t.login.command}</p>
            <div className="command">
              <Copyable value="npx sluice login" />
            </div>
            <form className="stack" onSubmit={submit}>
              <PasswordInput
                label={t.login.token}
                description={t.login.tokenHint}
                value={typed}
                autoComplete="off"
                onChange={(event) => setTyped(event.currentTarget.value)}
              />
              <Button type="submit" variant="filled" disabled={typed.trim() === ''}>
                {t.login.submit}
              </Button>
            </form>
          </>
        )}
      </div>
    </main>
  );
}

function SignInProblem({ error }: { readonly error: Error }) {
  const t = useMessages();
  const isRefused = error instanceof ApiError && error.status === 401;
  return isRefused ? (
    <p className="login-refused" role="alert">
      {t.login.refused}
    </p>
  ) : (
    <ProblemCard error={error} />
  );
}
