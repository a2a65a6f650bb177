// docs/mcp.md is what the server says of itself. `npm run reference -w memory-mcp` writes it anew.
import { expect, test } from 'vitest';
import { referencePage } from './reference/page.ts';

test('the reference is what the server serves, down to the answers of its examples [PK-04]', async () => {
  await expect(await referencePage()).toMatchFileSnapshot('../../docs/mcp.md');
});
