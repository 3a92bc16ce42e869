/** The documentation as it is in the repository at this version, by the name of the file without `.md`. */
const pages = import.meta.glob<string>('../../../docs/*.md', { query: '?raw', import: 'default' });

export const hasDocs = (name: string): boolean => Object.hasOwn(pages, pathOf(name));

/** Its text; empty where there is no such page. */
export const loadDocs = async (name: string): Promise<string> => (await pages[pathOf(name)]?.()) ?? '';

const pathOf = (name: string): string => `../../../docs/${name}.md`;
