// Kinds of task on the terminal: as table, picture and page.
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EXIT_CODES } from '@episodica/memory-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { aLearntPlace, type LearntPlace } from './learnt-place.ts';
import { aPlace } from './program.ts';

let place: LearntPlace;
beforeAll(async () => {
  place = await aLearntPlace();
});
afterAll(() => place.remove());

test('kinds of task are told with size, success and how many episodes are in none [CL-01] [LE-07]', async () => {
  const { clusters, episodeIds, options } = place;
  const { clusters: items, scopes } = await place.json(['pattern', 'clusters'], options);
  expect(items).toMatchObject([
    { cluster_id: clusters[0]?.id, size: 6, success_rate: 0.8333, medoid_id: clusters[0]?.medoidId },
    { cluster_id: clusters[1]?.id, size: 3, success_rate: 0, medoid_description: 'Mend the login 6' },
  ]);
  expect(items[0]).not.toHaveProperty('members');
  expect(scopes).toEqual([{ scope: { project: 'shop', domain: 'auth' }, ended: 10, in_none: 1 }]);
  const { stdout } = await place.run(['pattern', 'clusters'], options);
  expect(stdout).toMatch(/^66666666 +session cookies +3 +0 % +edit, bash +Mend the login 6$/mu);
  expect(stdout).toMatch(/^1 of 10 episodes that ended are like no others, and in no kind: 10 %\.$/mu);
  const one = await place.json(['pattern', 'clusters', '66666666'], options);
  expect(one.clusters).toMatchObject([{ members: episodeIds.slice(6, 9) }]);
  const told = await place.run(['pattern', 'clusters', '--members'], options);
  for (const id of episodeIds.slice(0, 9)) expect(told.stdout).toContain(id);
  const elsewhere = await place.run(['pattern', 'clusters', '--project', 'elsewhere'], options);
  expect(elsewhere.stdout).toMatch(/^No kinds of task yet in project elsewhere \(--all-projects/u);
});

test('the picture stands alone: well formed, without script, link or anything from elsewhere, and hostile text is text [CL-01] [LE-07]', async () => {
  const { code, stdout } = await place.run(['pattern', 'clusters', '--format', 'svg'], place.options);
  expect(code).toBe(0);
  const elements = elementsOf(stdout);
  expect(new Set(elements)).toEqual(new Set(['svg', 'title', 'desc', 'style', 'rect', 'text', 'g', 'circle']));
  expect(stdout).not.toMatch(/ (?:href|src|style|on[a-z]+)="|url\(|@import/u);
  expect(stdout.replace('http://www.w3.org/2000/svg', '')).not.toContain('://');
  expect(stdout).toContain('session');
  expect(stdout).toContain('83 % of 6');
  expect(stdout).toContain('&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;x&quot;');
  expect(stdout).toContain('1 of 10 episodes that ended are like no others');
  expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/u);
  // Share by the length of the ring, not by colour alone.
  const [, filled = '', whole = ''] = /stroke-dasharray="([\d.]+) ([\d.]+)"/u.exec(stdout) ?? [];
  expect(Number(filled) / Number(whole)).toBeCloseTo(5 / 6, 2);
});

test('the page allows nothing but its own styles, and names the confirmed patterns of each kind with their episodes [CL-01] [LE-06] [LE-07]', async () => {
  const { stdout } = await place.run(['pattern', 'clusters', '--format', 'html'], place.options);
  elementsOf(stdout.replace('<!DOCTYPE html>\n', '').replace(/<meta [^>]*>/gu, ''));
  const [, policy = ''] = /Content-Security-Policy" content="([^"]*)"/u.exec(stdout) ?? [];
  const allowed = [...stdout.matchAll(/<style>(.*?)<\/style>/gu)].map(
    ([, style = '']) => `'sha256-${createHash('sha256').update(style).digest('base64')}'`,
  );
  expect(policy).toBe(`default-src 'none'; style-src ${allowed.join(' ')}; base-uri 'none'; form-action 'none'`);
  expect(stdout).not.toMatch(/<script|<img|<link|<iframe| on[a-z]+="| style="| src="/u);
  for (const [, target = ''] of stdout.matchAll(/href="([^"]*)"/gu)) {
    expect(target).toMatch(/^#/u);
    expect(stdout).toContain(`id="${target.slice(1)}"`);
  }
  const [, first = '', second = ''] = stdout.split('<section ');
  // Evidence of the harmful one lies in both kinds, of the helpful one in the first alone.
  expect(first).toContain('4 of 5');
  expect(first).toContain('none of 4');
  expect(first).toContain(`<code>${place.episodeIds[1]}</code>`);
  expect(second).toContain('none of 4');
  expect(second).not.toContain('4 of 5');
  // What may be chance is not on the page.
  expect(stdout).not.toContain('3 of 4');
});

test("a file is written as a whole, is nobody else's to read, and replaces another only by force [CL-01] [CL-03]", async () => {
  const { options, work } = place;
  const folder = join(work, 'pictures');
  mkdirSync(folder);
  const file = join(folder, 'kinds.svg');
  const words = ['pattern', 'clusters', '--output', file];
  expect(await place.json([...words, '--dry-run'], options)).toMatchObject({ dry_run: true, clusters: 2 });
  expect(readdirSync(folder)).toEqual([]);
  const svg = ['--format', 'svg', ...words];
  expect((await place.run(svg, options)).stdout).toBe(`2 kinds of task written to ${file}.\n`);
  expect(readFileSync(file, 'utf8')).toBe(
    (await place.run(['--format', 'svg', 'pattern', 'clusters'], options)).stdout,
  );
  expect(statSync(file).mode & 0o777).toBe(0o600);
  writeFileSync(file, 'mine');
  const refused = await place.run(svg, options);
  expect(refused).toMatchObject({ code: EXIT_CODES.INVALID_INPUT, stdout: '' });
  expect(refused.stderr).toMatch(/is there already; .*--force\.\n$/u);
  expect(readFileSync(file, 'utf8')).toBe('mine');
  expect((await place.run([...svg, '--force'], options)).code).toBe(0);
  expect(readFileSync(file, 'utf8')).toMatch(/^<svg /u);
  expect((await place.run(['pattern', 'clusters', '--output', folder, '--force'], options)).code).toBe(
    EXIT_CODES.INVALID_INPUT,
  );
  expect((await place.run(['pattern', 'clusters', '--output', join(work, 'no', 'k')], options)).code).toBe(
    EXIT_CODES.INVALID_INPUT,
  );
  expect(readdirSync(folder)).toEqual(['kinds.svg']);
});

test('where nothing is known yet, picture and page say so [CL-01] [LE-07]', async () => {
  const empty = aPlace();
  try {
    const picture = await empty.run(['pattern', 'clusters', '--format', 'svg']);
    elementsOf(picture.stdout);
    expect(picture.stdout).toContain('No kinds of task yet.');
    const page = await empty.run(['pattern', 'clusters', '--format', 'html']);
    expect(page.stdout).toContain('Kinds of task appear when enough episodes are alike.');
  } finally {
    empty.remove();
  }
});

/** The names of all elements, each of which must be closed in its turn, and no text may hold what opens one. */
function elementsOf(markup: string): readonly string[] {
  const open: string[] = [];
  const names: string[] = [];
  const text = markup.replace(
    /<(\/?)([a-z0-9]+)((?: [a-zA-Z:-]+="[^"<]*")*)(\/?)>/gu,
    (_, end, name, _attributes, alone) => {
      if (end === '/') expect(open.pop()).toBe(name);
      else names.push(name);
      if (end === '' && alone === '') open.push(name);
      return '';
    },
  );
  expect(open).toEqual([]);
  expect(text).not.toMatch(/[<]/u);
  return names;
}
