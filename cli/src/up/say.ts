import pc from 'picocolors';

/** One line for the person at the terminal. */
export type Say = (line: string) => void;

/** Says lines with the product's name in front, so that they can be told from the output of others. */
export const sayTo =
  (stream: NodeJS.WritableStream): Say =>
  (line) => {
    stream.write(`${pc.cyan('sluice')} ${line}\n`);
  };
