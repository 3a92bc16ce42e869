import { z } from 'zod';
import { PrivateAddressError } from './allowed-address.ts';
import { refused, type Delivered } from './delivered.ts';

const mailError = z.object({
  /** Nodemailer's: EAUTH, EENVELOPE, EMESSAGE, ETLS, ESOCKET …; or the system's. */
  code: z.string().optional(),
  responseCode: z.number().optional(),
  response: z.string().optional(),
  message: z.string().default(''),
});

/** What went wrong between here and a mail server, for who has to mend it. Never holds the password. */
export function mailProblemOf(
  error: unknown,
  about: { readonly host: string; readonly isLate: boolean; readonly secret: string | null },
): Delivered {
  const { host, isLate, secret } = about;
  if (error instanceof PrivateAddressError) return refused(error.message);
  if (isLate) return refused(`"${host}" did not take the message within 30 seconds`);
  const read = mailError.safeParse(error);
  const { code = '', responseCode = 0, response = '', message = '' } = read.success ? read.data : {};
  const words = (text: string): string => plain(secret === null ? text : text.replaceAll(secret, '***'));
  // Nodemailer puts a code of its own in the place of the one that TLS gave, and keeps the words.
  if (responseCode === 0 && /certificate/i.test(message)) {
    return refused(
      `the certificate of "${host}" is not trusted: ${words(message)}; mail.certificates can name who signed it`,
    );
  }
  if (code === 'ETLS') {
    return refused(
      `"${host}" offers no encryption that can be used (${words(message)}); mail.encrypted: false sends messages in the clear`,
    );
  }
  if (responseCode >= 400 && responseCode < 600) {
    const what = code === 'EAUTH' ? 'it refused to sign in' : 'it refused the message';
    return refused(`${what}: ${words(response)}`, responseCode >= 500);
  }
  if (code === 'EAUTH') return refused(`"${host}" lets nobody sign in: ${words(message)}`);
  return refused(`"${host}" cannot be reached: ${words(message || code || 'unknown error')}`);
}

const plain = (text: string): string =>
  text
    .replace(/[\p{Cc}\u2028\u2029]+/gu, ' ')
    .trim()
    .slice(0, 300);
