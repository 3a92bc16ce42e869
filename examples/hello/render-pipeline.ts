// Fills the example's pipeline with what a machine really has.

const placeholders = { registry: 'registry.example.com', baseImage: 'node:20' } as const;

export interface PipelineValues {
  /** `host[:port]` of the registry that the image is pushed to. */
  readonly registry: string;
  /** Image with Node 20 and a shell, for the tests and as base of the service. */
  readonly baseImage: string;
}

/** Throws when the text does not hold the placeholders, or a value is nothing that may stand in their place. */
export function renderPipeline(text: string, values: PipelineValues): string {
  return replaceAll(
    replaceAll(text, placeholders.baseImage, values.baseImage),
    placeholders.registry,
    values.registry,
  );
}

function replaceAll(text: string, placeholder: string, value: string): string {
  // Only what names of registries and images are made of: nothing that could end the YAML value it stands in.
  if (!/^[\w.-]+([:/@][\w.-]+)*$/.test(value))
    throw new Error(`"${value}" is no name of a registry or an image`);
  if (!text.includes(placeholder))
    throw new Error(`the pipeline does not hold the placeholder ${placeholder}`);
  return text.replaceAll(placeholder, () => value);
}
