import { createHash } from 'node:crypto';

/** A page in a colour of the version's own, so that people see at a glance who has answered them. */
export function greeting(version) {
  const hue = createHash('sha256').update(version).digest().readUInt16BE(0) % 360;
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Hello from ${escape(version)}</title>
<style>
  :root { color-scheme: light dark; --tint: hsl(${hue} 70% 45%); }
  body { min-height: 100vh; margin: 0; display: grid; place-items: center; font: 1.1rem/1.5 system-ui, sans-serif;
         background: linear-gradient(160deg, hsl(${hue} 60% 96%), hsl(${(hue + 40) % 360} 60% 90%)); color: #1b1f24; }
  main { padding: 3rem 4rem; border-radius: 1.25rem; background: #ffffffcc; box-shadow: 0 1rem 3rem #0002; text-align: center; }
  h1 { margin: 0 0 .5rem; font-size: 2.6rem; letter-spacing: -.03em; }
  code { padding: .15em .6em; border-radius: 1em; background: var(--tint); color: #fff; font-size: .95em; }
  @media (prefers-color-scheme: dark) {
    body { background: linear-gradient(160deg, hsl(${hue} 40% 12%), hsl(${(hue + 40) % 360} 40% 8%)); color: #e8eaed; }
    main { background: #ffffff10; }
  }
</style>
<main>
  <h1>Hello!</h1>
  <p>You have been served by version <code>${escape(version)}</code></p>
</main>
</html>
`;
}

function escape(text) {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
