import { err, ok, type Result } from '@sluice/pipelines/result';
import type { NormalisedDelivery } from '@sluice/pipelines/trigger/trigger';
import { interpretSavedPayload } from '@sluice/server/webhooks/interpret-delivery';
import type { Terminal } from './terminal.ts';

/** Events have no dot in their names. */
export const isEventFile = (event: string | undefined): event is string => event?.endsWith('.json') === true;

/** What the server would make of the payload in a file. The error is a sentence for people. */
export async function readEventFile(
  path: string,
  io: Pick<Terminal, 'readFile'>,
): Promise<Result<NormalisedDelivery, string>> {
  let text: string;
  try {
    text = await io.readFile(path);
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    return err(
      `${path} ${isMissing ? 'is not there' : String(error)}. Name a file with the payload of a webhook.`,
    );
  }
  try {
    return ok(interpretSavedPayload(JSON.parse(text)));
  } catch {
    return err(`${path} is not JSON. Save the payload of a delivery as the forge shows it.`);
  }
}
