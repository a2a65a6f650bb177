// Assembles `kernel.wat` into `kernel-bytes.ts`. A test holds that the two agree.
import { readFileSync, writeFileSync } from 'node:fs';
import wabt from 'wabt';

const folder = new URL('./src/vectors/', import.meta.url);
const { parseWat } = await wabt();
const source = parseWat('kernel.wat', readFileSync(new URL('kernel.wat', folder)), { simd: true, threads: true });
const bytes = Buffer.from(source.toBinary({}).buffer);
writeFileSync(
  new URL('kernel-bytes.ts', folder),
  `// What \`kernel.wat\` assembles to: \`npm run kernel\` in this package writes this file.
export const KERNEL_BASE64 =
  '${bytes.toString('base64')}';
`,
);
