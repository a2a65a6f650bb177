// docs/cli.md is the tree of commands. `npm run reference -w memory-cli` writes it anew.
import { expect, test } from 'vitest';
import { cliPage } from './cli-page.ts';

test('the reference is the tree of commands: what each takes, and how it is called [PK-04]', async () => {
  await expect(await cliPage()).toMatchFileSnapshot('../../../docs/cli.md');
});
