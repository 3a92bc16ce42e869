// The containers beside the steps: `services: { cache: redis:7, db: { image: postgres:16, ready: pg_isready } }`.
import type { ServiceDefinition } from './definition.ts';
import { field, readFields, requiredField, type Reader } from './fields.ts';
import { namesOf } from './keys/key.ts';
import { serviceKeys } from './keys/steps-keys.ts';
import { readImageName } from './read-image-name.ts';
import { readEnv, readTemplate, type TemplateContext } from './read-templates.ts';
import { readDuration } from './read-units.ts';
import { readList, readRecord, type NameRule } from './read-values.ts';
import { report } from './reading.ts';

/** Each is a container that its worker starts and watches. */
export const maxServices = 20;
const defaultReadyTimeoutMs = 60_000;

const hostName: NameRule = {
  pattern: /^(?!localhost$)[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/,
  says: 'a host name other than localhost: at most 63 lower-case letters, digits and -, beginning with a letter',
};

/** In the order of the file. A text alone is the image. */
export const readServices =
  (context: TemplateContext): Reader<readonly ServiceDefinition[]> =>
  (reading, node, name) => {
    if (node.kind === 'map' && node.entries.length > maxServices) {
      const message = `${name} holds ${node.entries.length} services, and a stage has at most ${maxServices}. Make several stages.`;
      report(reading, node, 'too-many-services', message);
      return [];
    }
    const services = readRecord(
      (_, { key, value }, label) => readService(key, context)(reading, value, label),
      hostName,
    )(reading, node, name);
    return Object.values(services);
  };

const readService =
  (name: string, context: TemplateContext): Reader<ServiceDefinition> =>
  (reading, node, label) => {
    const readImage = readImageName(context);
    const plain = { name, env: {}, command: null, ready: null, readyTimeoutMs: defaultReadyTimeoutMs };
    if (node.kind === 'scalar') return { ...plain, image: readImage(reading, node, label) };
    const fields = readFields(reading, node, label, {
      known: namesOf(serviceKeys),
    });
    const env = field(fields, 'env', (_, value, at) => readEnv(reading, value, at, 'text', context), {});
    const inner: TemplateContext = { ...context, env: [...context.env, env] };
    const readShell: Reader<string> = (_, value, at) => readTemplate(reading, value, at, 'command', inner);
    return {
      name,
      image: requiredField(fields, 'image', readImage, 'image: postgres:16', ''),
      env,
      command: field(fields, 'command', readCommand(readShell), null),
      ready: field(fields, 'ready', readShell, null),
      readyTimeoutMs: field(fields, 'ready_timeout', readDuration(1_000), defaultReadyTimeoutMs),
    };
  };

/** Nothing splits the words of a command, so a text with spaces would be the name of one program. */
const readCommand =
  (readWord: Reader<string>): Reader<readonly string[]> =>
  (reading, node, name) => {
    const text = node.kind === 'scalar' && typeof node.value === 'string' ? node.value.trim() : '';
    const words = text.split(/\s+/);
    if (words.length > 1 && !text.includes('${{')) {
      const list = `[${words.map((word) => (/^[\w./=-]+$/.test(word) ? word : `'${word.replaceAll("'", "''")}'`)).join(', ')}]`;
      report(reading, node, 'wrong-value', `${name} must be a list of words. Write ${list}.`);
    }
    return readList(readWord)(reading, node, name);
  };
