import type { Reader } from './fields.ts';
import { readTemplate, type TemplateContext } from './read-templates.ts';
import { report } from './reading.ts';
import { replaceTemplates } from './expression/replace-templates.ts';

/** `node:20`, `registry.example.com/tools/build@sha256:…`; may hold templates. */
export const readImageName =
  (context: TemplateContext): Reader<string> =>
  (reading, node, name) => {
    const image = readTemplate(reading, node, name, 'text', context);
    if (image.startsWith('-') || /\s/.test(replaceTemplates(image, () => ''))) {
      const message = `${name} must be an image such as node:20, without spaces and not beginning with -.`;
      report(reading, node, 'wrong-value', message);
    }
    return image;
  };
