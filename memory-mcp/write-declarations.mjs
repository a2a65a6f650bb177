// Writes `docs/memory.d.ts`, what programs in the sandbox can use, from the methods themselves. A test holds that the
// two agree.
import { writeFileSync } from 'node:fs';
import { declarations } from './dist/code-mode/declarations.js';
import { codeModeMethods } from './dist/code-mode/methods.js';

const path = new URL('../docs/memory.d.ts', import.meta.url);
writeFileSync(path, declarations(codeModeMethods({ allowWrites: true })));
