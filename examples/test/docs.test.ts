// What the documentation shows of TypeScript is what runs: `npx vitest run examples/test/docs.test.ts --update` quotes anew.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { EXAMPLES } from '../dist/catalogue.js';

const ROOT = new URL('../../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, ROOT), 'utf8');

/** A block of a page, with the program and the part of it that the page says it is. */
const QUOTED = /(<!-- (?:quickstart|code): (examples\/src\/([\w-]+)\.ts)(?:#([\w-]+))? -->\n```ts\n)[\s\S]*?\n```/gu;
/** Is written from declarations that are compiled, and is checked as a whole. */
const GENERATED = ['docs/mcp.md'];
const PAGES = ['README.md', 'CONTRIBUTING.md', 'examples/README.md', ...pagesIn('docs')]
  .filter((page) => !GENERATED.includes(page))
  .filter((page) => /^```(?:ts|typescript)\b/mu.test(read(page)));

describe('documentation', () => {
  test.each(PAGES)('each piece of TypeScript in %s is a part of an example that is run [PK-04]', async (page) => {
    const text = read(page);
    const quoted = [...text.matchAll(QUOTED)].map(([, , path = '', name = '']) => ({ path, name }));
    expect(quoted.length).toBe([...text.matchAll(/^```(?:ts|typescript)\b/gmu)].length);
    // Of the store that an example opens, a test of its own shows that it works.
    expect(quoted.filter(({ name }) => name !== 'log-file-store' && !Object.hasOwn(EXAMPLES, name))).toEqual([]);
    const anew = text.replace(QUOTED, (_block, head: string, path: string, _name: string, region?: string) => {
      return `${head}${partOf(path, region)}\n\`\`\``;
    });
    await expect(anew).toMatchFileSnapshot(`../../${page}`);
  });

  test('the quick start of the README fits a screen [PK-04]', () => {
    const [block] = read('README.md').match(/<!-- quickstart: [\s\S]*?```ts\n[\s\S]*?```/u) ?? [''];
    expect(block).toContain('openMemory(');
    expect(block.split('\n').length).toBeLessThanOrEqual(32);
  });

  test('what examples/README.md lists is what there is to run, each in fewer than a hundred lines [PK-06]', () => {
    const listed = [...read('examples/README.md').matchAll(/^\| \[([\w-]+)\]\(src\/\1\.ts\) \| (.+) \|$/gmu)];
    expect(listed.map(([, name, about]) => [name, about])).toEqual(Object.entries(EXAMPLES));
    const lengths = Object.keys(EXAMPLES).map((name) => read(`examples/src/${name}.ts`).trimEnd().split('\n').length);
    expect(Math.max(...lengths)).toBeLessThan(100);
    const others = ['catalogue', 'demo', 'log-file-store', 'main'];
    const programs = readdirSync(new URL('examples/src', ROOT)).filter((file) => file.endsWith('.ts'));
    expect(programs.sort()).toEqual([...Object.keys(EXAMPLES), ...others].map((name) => `${name}.ts`).sort());
  });

  test('the guide of the library tells every error code and every verb [PK-04]', () => {
    const guide = read('docs/library.md');
    const codes = [...read('memory-core/src/errors.ts').matchAll(/^ {2}\| '([A-Z_]+)'/gmu)].map(([, code]) => code);
    expect(codes.length).toBeGreaterThan(10);
    expect(codes.filter((code) => !guide.includes(`\`${code}\``))).toEqual([]);
    const verbs = ['memory', 'reading']
      .map((file) => read(`memory-core/src/${file}.ts`))
      .flatMap(interfacesIn)
      .join('');
    const names = [...verbs.matchAll(/^ {2}(\w+)\(/gmu)].map(([, name = '']) => name);
    expect(names.length).toBeGreaterThan(20);
    expect(names.filter((name) => !new RegExp(`\\b${name}\\b`, 'u').test(guide))).toEqual([]);
  });

  test('every link between the pages leads somewhere [PK-04]', () => {
    const pages = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'examples/README.md', ...pagesIn('docs')];
    const broken = pages.flatMap((page) =>
      [...withoutCode(read(page)).matchAll(/\]\((?!https?:|#|mailto:)([^)\s#]+)(?:#[^)]*)?\)/gu)]
        .map(([, target = '']) => ({ page, target }))
        .filter(({ target }) => !existsSync(new URL(target, new URL(page, ROOT)))),
    );
    expect(broken).toEqual([]);
  });
});

function pagesIn(folder: string): readonly string[] {
  const names = readdirSync(new URL(folder, ROOT)).filter((name) => name.endsWith('.md'));
  return names.map((name) => `${folder}/${name}`);
}

function withoutCode(markdown: string): string {
  return markdown.replace(/^```[\s\S]*?^```/gmu, '').replace(/`[^`\n]*`/gu, '');
}

/** The whole program, or what stands in one of its regions. */
function partOf(path: string, region: string | undefined): string {
  const text = read(path);
  if (region === undefined) return text.trimEnd();
  const found = new RegExp(`^ *// #region ${region}\\n([\\s\\S]*?)^ *// #endregion$`, 'mu').exec(text)?.[1];
  if (found === undefined) throw new Error(`${path} has no region ${region}.`);
  const lines = found.trimEnd().split('\n');
  const indent = Math.min(...lines.filter((line) => line !== '').map((line) => line.search(/\S/u)));
  return lines.map((line) => line.slice(indent)).join('\n');
}

/** What stands in the interfaces that make up a memory. */
function interfacesIn(source: string): readonly string[] {
  return [...source.matchAll(/^export interface (?:Memory|EpisodeReading)\b[^{]*\{\n([\s\S]*?)^\}/gmu)].map(
    ([, body = '']) => body,
  );
}
