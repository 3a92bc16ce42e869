import type { InputValue } from '@sluice/pipelines/trigger/trigger';

/** `name=value` lines as typed inputs: `true`, `false` and plain numbers become what they look like. */
export function readInputs(text: string): Record<string, InputValue> {
  const inputs: Record<string, InputValue> = {};
  for (const line of text.split('\n')) {
    const at = line.indexOf('=');
    if (at > 0) inputs[line.slice(0, at).trim()] = readValue(line.slice(at + 1).trim());
  }
  return inputs;
}

function readValue(text: string): InputValue {
  if (text === 'true' || text === 'false') return text === 'true';
  return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text;
}
