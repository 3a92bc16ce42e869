import { languageReference, type ReferenceKey, type ReferenceSection } from './reference.ts';

/** The page with everything between `<!-- key: retry -->` and `<!-- end -->` as the tables have it now. */
export function writeKeys(page: string): string {
  const sections = new Map(languageReference().map((section) => [section.heading, section]));
  return page.replace(/<!-- key: (\S+) -->[^]*?<!-- end -->/g, (_, heading: string) => {
    const section = sections.get(heading);
    const body = section === undefined ? `There is no key ${heading}.` : describe(section);
    return `<!-- key: ${heading} -->\n\n${body}\n\n<!-- end -->`;
  });
}

function describe({ key, keys }: ReferenceSection): string {
  const rows = keys.map((each) => `- \`${each.name}\`: ${each.says} _(${facts(each).join('; ')})_`);
  return [`${key.says} _(${facts(key).join('; ')})_`, ...(rows.length === 0 ? [] : [rows.join('\n')])].join(
    '\n\n',
  );
}

const facts = ({ type, isRequired, fallback }: ReferenceKey): readonly string[] => [
  type,
  ...(isRequired ? ['required'] : []),
  ...(fallback === null ? [] : [`default: ${fallback}`]),
];
