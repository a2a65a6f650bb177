// The files of a run: what is kept, what is refused and with which code, and what the host is told at the end.
import { openSandbox, type RunResult, type Sandbox } from '@episodica/memory-mcp/sandbox';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

let sandbox: Sandbox;
beforeAll(() => {
  sandbox = openSandbox({ warmWorkers: 1, maxWorkers: 2 });
});
afterAll(() => sandbox.close());

const run = (code: string, input?: unknown): Promise<RunResult> =>
  sandbox.run({ code, timeoutMs: 60_000, ...(input === undefined ? {} : { input }) });

async function resultOf(code: string, input?: unknown): Promise<unknown> {
  const ran = await run(code, input);
  expect(ran.ok ? undefined : ran.error).toBeUndefined();
  return ran.ok ? ran.result : undefined;
}

describe('what is kept', () => {
  test('what is written is read, listed and removed [SB-04]', async () => {
    const code = `fs.writeFile("notes/a.txt", "one"); fs.writeFile("/notes/b.txt", "two"); fs.writeFile("./c.txt", "three");
      const before = [fs.readFile("notes//./a.txt"), fs.readdir("/"), fs.readdir("notes"), fs.exists("notes"), fs.exists("d")];
      fs.unlink("notes/a.txt");
      [before, await fs.readFile("c.txt"), fs.exists("notes/a.txt"), fs.readdir("notes")]`;
    expect(await resultOf(code)).toEqual([
      ['one', ['c.txt', 'notes'], ['a.txt', 'b.txt'], true, false],
      'three',
      false,
      ['b.txt'],
    ]);
  });

  test('the names with Sync are the same functions, and awaiting them changes nothing [SB-04]', async () => {
    const code = `await fs.writeFileSync("a", "x"); await fs.appendFile("a", "y");
      [fs.readFileSync === fs.readFile, await fs.readFile("a", "utf8"), fs.existsSync("a")]`;
    expect(await resultOf(code)).toEqual([true, 'xy', true]);
  });

  test('bytes come back as bytes of their own, and as text where text is asked for [SB-04]', async () => {
    const code = `const bytes = new Uint8Array([226, 130, 172]); fs.writeFile("a", bytes); bytes[0] = 0; fs.readFile("a")[1] = 0;
      fs.writeFile("b", "€"); fs.appendFile("b", new Uint8Array([33]));
      [fs.readFile("a"), fs.readFile("a", "utf8"), fs.readFile("a", { encoding: "utf-8" }), fs.readFile("b"), fs.readFile("b", "utf8")]`;
    expect(await resultOf(code)).toEqual([
      { $typed: 'Uint8Array', values: [226, 130, 172] },
      '€',
      '€',
      { $typed: 'Uint8Array', values: [226, 130, 172, 33] },
      '€!',
    ]);
  });

  test('bytes and text become each other as they do in Node [SB-04]', async () => {
    const code =
      'fs.writeFile("a", new Uint8Array(input.bytes)); fs.writeFile("b", input.text); fs.appendFile("b", new Uint8Array(0)); [fs.readFile("a", "utf8"), fs.readFile("b").length, fs.readFile("b", "utf8")]';
    const well = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(255), { maxLength: 40 }), well, async (bytes, text) => {
        const decoded = Buffer.from(bytes).toString('utf8');
        // Where bytes are no text, how many signs stand for them is left open.
        const isText = Buffer.from(decoded, 'utf8').equals(Buffer.from(bytes));
        const [asText, size, asBytes] = (await resultOf(code, { bytes, text })) as [string, number, string];
        expect(isText ? asText : asText.includes('\uFFFD')).toEqual(isText ? decoded : true);
        expect(size).toBe(Buffer.byteLength(text));
        expect(asBytes).toBe(Buffer.from(text).toString());
      }),
      { numRuns: 60 },
    );
  });

  test('folders are made, looked at, moved and removed [SB-04]', async () => {
    const code = `fs.mkdir("d/e"); fs.writeFile("d/f.txt", "1234"); fs.rename("d", "g/h");
      const { size } = fs.stat("g/h/f.txt");
      const seen = [size, fs.stat("g").isDirectory(), fs.stat("g/h/f.txt").isFile(), fs.readdir("g/h"), fs.exists("d")];
      fs.mkdir("g", { recursive: true }); fs.rm("nothing", { force: true }); fs.rm("g", { recursive: true });
      [seen, fs.readdir("/")]`;
    expect(await resultOf(code)).toEqual([[4, true, true, ['e', 'f.txt'], false], []]);
  });
});

describe('what is refused', () => {
  test.each([
    '/etc/passwd',
    '../../../../etc/passwd',
    '/proc/self/environ',
    'package.json',
    '__proto__',
    'constructor',
  ])('no file of the host stands behind %s [SB-04]', async (path) => {
    expect(await run(`fs.readFile(${JSON.stringify(path)})`)).toMatchObject({
      ok: false,
      error: { code: 'THROWN', message: expect.stringContaining('ENOENT') },
    });
  });

  test('a path cannot leave the root, and names are nothing but names [SB-04]', async () => {
    const code = `fs.writeFile("a/../../../b", "x"); fs.writeFile("__proto__", "y"); fs.writeFile("A", "1"); fs.writeFile("a", "2");
      [fs.readdir("/"), fs.readFile("/b"), ({}).b, fs.readFile("__proto__")]`;
    expect(await resultOf(code)).toEqual([['A', '__proto__', 'a', 'b'], 'x', { $undefined: true }, 'y']);
  });

  test.each([
    ['a file of more than 1 MB', 'fs.writeFile("a", "x".repeat(1048577))', 'EFBIG', '1048576'],
    ['a file of more than 1 MB in bytes', 'fs.writeFile("a", "€".repeat(349526))', 'EFBIG', '1048576'],
    ['bytes of more than 1 MB', 'fs.writeFile("a", new Uint8Array(1048577))', 'EFBIG', '1048576'],
    [
      'a file that grows too large',
      'fs.writeFile("a", "x".repeat(1048576)); fs.appendFile("a", "x")',
      'EFBIG',
      '1048576',
    ],
    ['a hundred and one files', 'for (let i = 0; i <= 100; i += 1) fs.writeFile("f" + i, "")', 'ENOSPC', '100'],
    ['a hundred and one folders', 'for (let i = 0; i <= 100; i += 1) fs.mkdir("f" + i)', 'ENOSPC', '100'],
    [
      'more than 8 MB in all',
      'for (let i = 0; i < 9; i += 1) fs.writeFile("f" + i, "x".repeat(1048576))',
      'ENOSPC',
      '8388608',
    ],
    ['a path of seventeen parts', 'fs.mkdir("a/".repeat(17))', 'EINVAL', '16'],
    [
      'a folder that moves too deep',
      'fs.mkdir("a/".repeat(9)); fs.mkdir("b/".repeat(9)); fs.rename("a", "b/".repeat(9) + "c")',
      'EINVAL',
      '16',
    ],
    ['a path with NUL', 'fs.writeFile("a\\0b", "")', 'EINVAL', 'NUL'],
    ['an endless path', 'fs.writeFile("a".repeat(513), "")', 'EINVAL', '512'],
    ['content that is no text', 'fs.writeFile("a", { b: 1 })', 'EINVAL', 'JSON.stringify'],
    ['a callback', 'fs.writeFile("a", "", () => {})', 'EINVAL', 'callback'],
    ['a folder as a file', 'fs.writeFile("a/b", ""); fs.writeFile("a", "")', 'EISDIR', 'folder'],
    ['reading a folder', 'fs.mkdir("a"); fs.readFile("a")', 'EISDIR', 'folder'],
    ['a file as a folder', 'fs.writeFile("a", ""); fs.writeFile("a/b", "")', 'ENOTDIR', 'file'],
    ['listing a file', 'fs.writeFile("a", ""); fs.readdir("a")', 'ENOTDIR', 'file'],
    ['a folder that is there', 'fs.mkdir("a"); fs.mkdir("a")', 'EEXIST', 'already'],
    ['a folder that is not empty', 'fs.writeFile("a/b", ""); fs.rmdir("a")', 'ENOTEMPTY', 'recursive'],
    ['removing a folder like a file', 'fs.mkdir("a"); fs.rm("a")', 'EISDIR', 'recursive'],
    ['a folder into itself', 'fs.mkdir("a"); fs.rename("a", "a/b")', 'EINVAL', 'itself'],
    ['a file that is not there', 'fs.unlink("a")', 'ENOENT', 'a'],
  ])('%s is refused with its code and its limit [SB-02] [SB-04]', async (_name, code, reason, said) => {
    const seen = await resultOf(`try { ${code}; "accepted" } catch (error) { [error.code, error.message] }`);
    expect(seen).toEqual([reason, expect.stringContaining(said)]);
  });

  test('what is refused changes nothing [SB-04]', async () => {
    const code = `fs.writeFile("a", "old"); for (let i = 0; i < 98; i += 1) fs.mkdir("f" + i);
      for (const act of [() => fs.writeFile("a", "x".repeat(2e6)), () => fs.writeFile("x/y/z", ""), () => fs.rename("a", "x/y/a")]) {
        try { act(); } catch (error) { console.log(error.code); }
      }
      [fs.readFile("a"), fs.exists("x"), fs.readdir("/").length]`;
    const ran = await run(code);
    expect(ran).toMatchObject({ ok: true, result: ['old', false, 99] });
    expect(ran.logs.map(({ text }) => text)).toEqual(['EFBIG', 'ENOSPC', 'ENOSPC']);
  });

  test('the quota comes back when a file is removed or replaced [SB-04]', async () => {
    const code = `for (let round = 0; round < 12; round += 1) { fs.writeFile("a", "x".repeat(1e6)); if (round % 2) fs.unlink("a"); } fs.readdir("/").length`;
    expect(await resultOf(code)).toBe(0);
  });

  test('a member that does not exist names the nearest [SB-07]', async () => {
    expect(await run('fs.writeFil("a", "b")')).toMatchObject({
      error: { name: 'TypeError', message: expect.stringContaining('Did you mean fs.writeFile?') },
    });
  });
});

describe('what is asked besides', () => {
  test.each([
    ['fs.writeFileSync("a", "y", { flag: "a" })', 'flag'],
    ['fs.writeFile("a", "y", "latin1")', 'latin1'],
    ['fs.readFile("a", { encoding: "base64" })', 'base64'],
    ['fs.readdirSync(".", { withFileTypes: true })', 'withFileTypes'],
    ['fs.rmdir("a", { recursive: true })', 'recursive'],
  ])('%s is refused by the name of what it asks, and nothing is done [SB-04]', async (code, option) => {
    const told = `fs.writeFile("a", "x"); let said; try { ${code} } catch (error) { said = error.message } [said, fs.readFile("a")]`;
    expect(await resultOf(told)).toEqual([expect.stringContaining(`"${option}"`), 'x']);
  });

  test('options that are known, empty or off are taken [SB-04]', async () => {
    const code = `fs.writeFile("a", "x", "utf8"); fs.appendFile("a", "y", { encoding: "utf-8", flag: undefined });
      fs.mkdir("b", { recursive: true }); fs.rm("c", { force: true, recursive: false });
      [fs.readFile("a", { encoding: null }), fs.readdir("/", { withFileTypes: false })]`;
    expect(await resultOf(code)).toEqual(['xy', ['a', 'b']]);
  });

  test('a full disk still renames, and has no room for a folder more [SB-04]', async () => {
    const code = `for (let i = 0; i < 100; i += 1) fs.writeFile('f' + i, ''); fs.rename('f0', 'g');
      let said; try { fs.rename('f1', 'd/f1') } catch (error) { said = error.code } [fs.exists('g'), fs.exists('f1'), said]`;
    expect(await resultOf(code)).toEqual([true, true, 'ENOSPC']);
  });

  test('a text is counted in the smallest memory there is, also one of many pieces and halves [SB-02] [SB-04]', async () => {
    const code = `fs.writeFile('a', 'é'.repeat(524_288)); fs.writeFile('b', '€'.repeat(349_525)); fs.writeFile('c', 'a' + '😀'.repeat(200_000));
      fs.writeFile('d', 'é'.repeat(70_000) + '\\ud83d' + 'a'.repeat(70_000));`;
    const ran = await sandbox.run({ code, memoryMb: 24, timeoutMs: 60_000 });
    expect(ran.files.map(({ bytes }) => bytes)).toEqual([1_048_576, 1_048_575, 800_001, 210_003]);
  });

  test('what is added is counted, also where it completes a sign [SB-04]', async () => {
    const ran = await run(
      `fs.writeFile('a', 'é\\ud83d'); fs.appendFile('a', '\\ude00€'); fs.writeFile('b', '\\ude00é');`,
    );
    expect(ran.files).toEqual([
      { path: '/a', bytes: 9 },
      { path: '/b', bytes: 5 },
    ]);
  });
});

describe('what the host is told', () => {
  test('the files that are left are listed with their bytes, sorted [SB-04]', async () => {
    const ran = await run(
      'fs.writeFile("b", "€"); fs.writeFile("a/c", new Uint8Array(3)); fs.writeFile("gone", ""); fs.unlink("gone"); fs.mkdir("empty")',
    );
    expect(ran.files).toEqual([
      { path: '/a/c', bytes: 3 },
      { path: '/b', bytes: 3 },
    ]);
  });

  test('also when the program failed, or had all of its memory [SB-04]', async () => {
    expect((await run('fs.writeFile("a", "x"); null.x')).files).toEqual([{ path: '/a', bytes: 1 }]);
    const full = await run('fs.writeFile("a", "x"); const all = []; for (;;) all.push({ a: 1 });');
    expect(full).toMatchObject({ ok: false, error: { code: 'MEMORY' }, files: [{ path: '/a', bytes: 1 }] });
  });

  test('the next run has none of them [SB-04]', async () => {
    expect((await run('fs.writeFile("a", "x")')).files).toHaveLength(1);
    const next = await run('fs.readdir("/")');
    expect(next).toMatchObject({ ok: true, result: [], files: [] });
  });
});
