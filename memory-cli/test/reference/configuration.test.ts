// docs/configuration.md is what the table of settings says. `npm run reference -w memory-cli` writes it anew.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { aPlace } from '../program.ts';
import { configurationPage } from './configuration-page.ts';

test('the page of settings is what their table says [PK-04]', async () => {
  await expect(configurationPage()).toMatchFileSnapshot('../../../docs/configuration.md');
});

test('the file that the page shows holds [PK-04]', async () => {
  const place = aPlace();
  const [, toml = ''] = /```toml\n([\s\S]*?)```/u.exec(configurationPage()) ?? [];
  const file = join(place.work, 'shown.toml');
  writeFileSync(file, toml.replace('"…"', '"token"'), { mode: 0o600 });
  const { settings, warnings } = await place.json(['--config', file, 'config', 'show']);
  expect(warnings).toEqual([]);
  const set = settings.filter(({ origin }: { origin: string }) => origin === 'user file');
  expect(set.map(({ name, line }: { name: string; line: number }) => [name, line])).toEqual([
    ['DATABASE_URL', 1],
    ['TURSO_AUTH_TOKEN', 2],
    ['MEMORY_CACHE_SIZE_MB', 3],
  ]);
  place.remove();
});
