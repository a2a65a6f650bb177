// Puts the driver of the database into a bundle; its native half stays where it is installed. To find out which of the
// native packages is meant, what it brings makes a report of the whole process, twice: a seventh of the start of a
// command. Here the program that runs is looked at instead.
import { readFile } from 'node:fs/promises';

/** A plugin for esbuild. The bundle has to have a `require` of its own. */
export function bundledDriver() {
  return {
    name: 'bundled-driver',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^(?:@neon-rs\/load|detect-libc)$/ }, () => ({ path: 'native', namespace: NAMESPACE }));
      onLoad({ filter: /.*/, namespace: NAMESPACE }, () => ({ contents: NATIVE, loader: 'js' }));
      onLoad({ filter: /[\\/]node_modules[\\/]libsql[\\/](?:index|promise)\.js$/ }, async ({ path }) => {
        const text = await readFile(path, 'utf8');
        if (!REQUIRED.test(text)) throw new Error(`${path} no longer asks for its native half as it did.`);
        return { contents: text.replace(REQUIRED, "require('@neon-rs/load').native(target)"), loader: 'js' };
      });
    },
  };
}

const NAMESPACE = 'bundled-driver';
const REQUIRED = /require\(`@libsql\/\$\{target\}`\)/;

/** In place of both packages that are asked for the kind of machine. The native packages lie beside the driver's own. */
const NATIVE = `
  import { closeSync, openSync, readSync } from 'node:fs';
  import { createRequire } from 'node:module';

  const { arch, execPath, platform } = process;
  export const GLIBC = 'glibc';
  export const MUSL = 'musl';

  export const familySync = () => (platform !== 'linux' ? null : isMusl() ? MUSL : GLIBC);

  /** A program on Linux names the loader of its C library in its first bytes. */
  function isMusl() {
    const head = Buffer.alloc(4_096);
    const file = openSync(execPath, 'r');
    try {
      readSync(file, head, { position: 0 });
    } finally {
      closeSync(file);
    }
    return head.includes('/ld-musl-');
  }

  export function currentTarget() {
    if (platform === 'win32') return 'win32-' + arch + '-msvc';
    if (platform !== 'linux') return platform + '-' + arch;
    return 'linux-' + arch + (familySync() === MUSL ? '-musl' : '-gnu') + (arch === 'arm' ? 'eabihf' : '');
  }

  export function load() {
    return null;
  }

  const own = createRequire(import.meta.url);

  /** Where packages are not put side by side, the driver alone finds it. */
  export function native(target) {
    const name = '@libsql/' + target;
    try {
      return own(name);
    } catch (error) {
      if (error.code !== 'MODULE_NOT_FOUND') throw error;
      return createRequire(own.resolve('libsql'))(name);
    }
  }
`;
