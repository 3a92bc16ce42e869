// What a channel needs to know of e-mail besides the server's address and the password.
import { z } from 'zod';

/** Plain addresses only: nothing in them can begin another header or another recipient. */
export const mailAddress = z
  .string()
  .max(320)
  .regex(
    /^[^\s\p{Cc}<>()[\]\\,;:@"]{1,64}@[^\s\p{Cc}<>()[\]\\,;:@"]{1,255}$/u,
    'must be like ops@example.com',
  );

export const mailSettings = z.strictObject({
  from: mailAddress,
  to: z.array(mailAddress).min(1, 'name somebody').max(50),
  /** Signs in with the channel's secret as the password; null: without signing in. */
  user: z.string().min(1).max(320).nullable().default(null),
  /** False: where the server offers no encryption, messages go in the clear. A password never does. */
  encrypted: z.boolean().default(true),
  /** Certificates (PEM) of who signed the server's, beside the usual ones; null: only the usual ones. */
  certificates: z
    .string()
    .max(100_000)
    .regex(/^\s*-----BEGIN CERTIFICATE-----/, 'must begin with -----BEGIN CERTIFICATE-----')
    .nullable()
    .default(null),
});
export type MailSettings = z.output<typeof mailSettings>;

/** Why these do not go together; null: they do. */
export function mailProblem({ user, encrypted }: MailSettings): string | null {
  if (user === null || encrypted) return null;
  return 'a password is only sent over an encrypted connection: leave out user, or encrypted: false';
}
