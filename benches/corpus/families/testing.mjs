// Tests that fail, with the runners of JavaScript and Python.
const files = { 'package.json': '{ "type": "module", "private": true }' };
const vitest = (name, cases, extra = {}) => ({
  name,
  needs: 'vitest',
  language: 'typescript',
  command: 'vitest run',
  files: { ...files, ...extra },
  cases,
});
const nodeTest = (name, cases) => ({
  name,
  needs: 'node',
  language: 'javascript',
  command: 'node --test',
  files,
  cases,
});
const pytest = (name, cases) => ({
  name,
  needs: 'pytest',
  language: 'python',
  command: 'python3 -m pytest -q -p no:cacheprovider',
  files: {},
  cases,
});
const own = (path, as, good, bad) => ({ path, as, good, bad });

export const testing = [
  vitest('vitest-value', [
    {
      task: 'Give a rebate from the tenth ticket on',
      why: 'ten counts already',
      files: {
        'src/rebate.ts': `export const rebate = (tickets: number): number => (tickets «>⇒>=» 10 ? 20 : 0);\n`,
        'test/rebate.test.ts': `import { expect, test } from 'vitest';\nimport { rebate } from '../src/rebate.ts';\ntest('ten tickets are cheaper', () => {\n  expect(rebate(10)).toBe(20);\n});\n`,
      },
    },
    {
      task: 'Shorten captions so that they fit the frame',
      why: 'the ellipsis takes one of the characters',
      own: own(
        'memory-core/src/clip.ts',
        'src/caption.ts',
        'characters.slice(0, maxCharacters - 1)',
        'characters.slice(0, maxCharacters)',
      ),
      files: {
        'test/caption.test.ts': `import { expect, test } from 'vitest';\nimport { oneLine } from '../src/caption.ts';\ntest('a caption has at most eight characters', () => {\n  expect([...oneLine('a long caption', 8)].length).toBe(8);\n});\n`,
      },
    },
    {
      task: 'Tell how full the car park is',
      why: 'the share is free over all',
      files: {
        'lib/parking.ts': `export function fullness(taken: number, all: number): number {\n  return Math.round((«all / taken⇒taken / all») * 100);\n}\n`,
        'lib/parking.test.ts': `import { describe, expect, it } from 'vitest';\nimport { fullness } from './parking.ts';\ndescribe('parking', () => {\n  it('is half full', () => {\n    expect(fullness(50, 100)).toBe(50);\n  });\n});\n`,
      },
    },
    {
      task: 'Weigh long records less in the ranking',
      why: 'length is measured against the average',
      own: own(
        'memory-core/src/retrieve/bm25.ts',
        'src/rank/bm25.ts',
        'length / averageLength',
        'averageLength / length',
      ),
      files: {
        'test/bm25.test.ts': `import { expect, test } from 'vitest';\nimport { saturation } from '../src/rank/bm25.ts';\ntest('the longer text counts less', () => {\n  expect(saturation(1, 200, 100) < saturation(1, 50, 100)).toBe(true);\n});\n`,
      },
    },
  ]),
  vitest('vitest-structure', [
    {
      task: 'Group the albums by their year',
      why: 'push to the group instead of replacing it',
      files: {
        'src/albums.ts': `export function byYear(albums: { title: string; year: number }[]): Record<number, string[]> {\n  const groups: Record<number, string[]> = {};\n  for (const { title, year } of albums) groups[year] = «[title]⇒[...(groups[year] ?? []), title]»;\n  return groups;\n}\n`,
        'test/albums.test.ts': `import { expect, test } from 'vitest';\nimport { byYear } from '../src/albums.ts';\ntest('two of one year stand together', () => {\n  expect(byYear([{ title: 'a', year: 1 }, { title: 'b', year: 1 }])).toEqual({ 1: ['a', 'b'] });\n});\n`,
      },
    },
    {
      task: 'Find names that are written in one word',
      why: 'split where a small letter meets a capital',
      own: own(
        'memory-core/src/retrieve/tokenize.ts',
        'src/words.ts',
        'return run.split(CASE_CHANGE);',
        'return [run];',
      ),
      files: {
        'test/words.test.ts': `import { expect, test } from 'vitest';\nimport { tokenize } from '../src/words.ts';\ntest('camel case is several words', () => {\n  expect(tokenize('parseHttpUrl')).toEqual(['parse', 'http', 'url']);\n});\n`,
      },
    },
    {
      task: 'Merge the opening hours of both desks',
      why: 'sort by number, not by letters',
      files: {
        'desk/hours.ts': `export const merged = (a: number[], b: number[]): number[] => [...a, ...b].sort(«⇒(x, y) => x - y»);\n`,
        'desk/hours.test.ts': `import { expect, test } from 'vitest';\nimport { merged } from './hours.ts';\ntest('hours follow each other', () => {\n  expect(merged([9, 10], [8])).toEqual([8, 9, 10]);\n});\n`,
      },
    },
  ]),
  vitest('vitest-no-throw', [
    {
      task: 'Refuse a booking without a name',
      why: 'say no before anything is booked',
      files: {
        'src/booking.ts': `export function book(name: string): string {\n«⇒  if (name === '') throw new Error('a booking needs a name');\n»  return 'booked for ' + name;\n}\n`,
        'test/booking.test.ts': `import { expect, test } from 'vitest';\nimport { book } from '../src/booking.ts';\ntest('nobody cannot book', () => {\n  expect(() => book('')).toThrow('needs a name');\n});\n`,
      },
    },
    {
      task: 'Do not let the oven get too hot',
      why: 'check the bound',
      files: {
        'oven/heat.ts': `export const heat = (celsius: number): number => {\n«⇒  if (celsius > 300) throw new RangeError('too hot');\n»  return celsius;\n};\n`,
        'oven/heat.test.ts': `import { expect, it } from 'vitest';\nimport { heat } from './heat.ts';\nit('stops at three hundred', () => {\n  expect(() => heat(301)).toThrow(RangeError);\n});\n`,
      },
    },
    {
      task: 'Keep letters out of the phone number',
      why: 'reject what is not a digit',
      files: {
        'src/phone/digits.ts': `export function digits(text: string): string {\n  const found = text.replace(/\\s/g, '');\n«⇒  if (/\\D/.test(found)) throw new TypeError('digits only');\n»  return found;\n}\n`,
        'test/phone.test.ts': `import { expect, test } from 'vitest';\nimport { digits } from '../src/phone/digits.ts';\ntest('letters are refused', () => {\n  expect(() => digits('12a')).toThrow();\n});\n`,
      },
    },
  ]),
  vitest(
    'vitest-timeout',
    [
      {
        task: 'Wait for the kettle before the tea is poured',
        why: 'tell the one who waits that it boils',
        files: {
          'src/kettle.ts': `export const boiled = (): Promise<string> => new Promise((resolve) => {\n  «void resolve;⇒resolve('boiled');»\n});\n`,
          'test/kettle.test.ts': `import { expect, test } from 'vitest';\nimport { boiled } from '../src/kettle.ts';\ntest('the kettle boils', async () => {\n  expect(await boiled()).toBe('boiled');\n});\n`,
        },
      },
      {
        task: 'Open the gate when the ticket was read',
        why: 'the event is called read',
        files: {
          'gate/gate.ts': `import { EventEmitter, once } from 'node:events';\nexport async function open(): Promise<boolean> {\n  const reader = new EventEmitter();\n  setImmediate(() => reader.emit('read'));\n  await once(reader, '«ready⇒read»');\n  return true;\n}\n`,
          'gate/gate.test.ts': `import { expect, it } from 'vitest';\nimport { open } from './gate.ts';\nit('opens', async () => {\n  expect(await open()).toBe(true);\n});\n`,
        },
      },
      {
        task: 'Drain the queue of prints at closing time',
        why: 'call back once the queue is empty',
        files: {
          'src/print/drain.ts': `export function drain(queue: string[], done: () => void): void {\n  queue.length = 0;\n«⇒  done();\n»}\n`,
          'test/drain.test.ts': `import { test } from 'vitest';\nimport { drain } from '../src/print/drain.ts';\ntest('drains', () => new Promise<void>((resolve) => drain(['a'], resolve)));\n`,
        },
      },
    ],
    { 'vitest.config.ts': `export default { test: { testTimeout: 300 } };\n` },
  ),
  nodeTest('node-test-value', [
    {
      task: 'Convert miles for the travel diary',
      why: 'a mile is longer than a kilometre',
      files: {
        'miles.js': `export const kilometres = (miles) => miles «/⇒*» 1.6;\n`,
        'miles.test.js': `import assert from 'node:assert/strict';\nimport { test } from 'node:test';\nimport { kilometres } from './miles.js';\ntest('ten miles', () => {\n  assert.equal(kilometres(10), 16);\n});\n`,
      },
    },
    {
      task: 'Number the pages of the booklet',
      why: 'pages start at one',
      files: {
        'src/pages.js': `export const page = (index) => index«⇒ + 1»;\n`,
        'test/pages.test.js': `import assert from 'node:assert/strict';\nimport { describe, it } from 'node:test';\nimport { page } from '../src/pages.js';\ndescribe('booklet', () => {\n  it('starts at one', () => {\n    assert.strictEqual(page(0), 1);\n  });\n});\n`,
      },
    },
    {
      task: 'Spell out the initials of the crew',
      why: 'initials are capitals',
      files: {
        'crew/initials.mjs': `export const initial = (name) => name[0]«⇒.toUpperCase()»;\n`,
        'crew/initials.test.mjs': `import assert from 'node:assert/strict';\nimport test from 'node:test';\nimport { initial } from './initials.mjs';\ntest('zoe is Z', () => assert.equal(initial('zoe'), 'Z'));\n`,
      },
    },
  ]),
  pytest('pytest-assert', [
    {
      task: 'Split the bill between friends',
      why: 'divide by all who ate',
      files: {
        'bill.py': `def share(total, friends):\n    return total / «friends⇒(friends + 1)»\n`,
        'test_bill.py': `from bill import share\n\n\ndef test_two_share_with_me():\n    assert share(30, 2) == 10\n`,
      },
    },
    {
      task: 'Find the tallest tree of the park',
      why: 'the tallest is the maximum',
      files: {
        'park/trees.py': `def tallest(trees):\n    return «min⇒max»(trees, key=lambda tree: tree["height"])["name"]\n`,
        'park/__init__.py': '',
        'tests/test_trees.py': `from park.trees import tallest\n\n\ndef test_oak():\n    assert tallest([{"name": "oak", "height": 30}, {"name": "elder", "height": 5}]) == "oak"\n`,
      },
    },
    {
      task: 'Clean the names of imported songs',
      why: 'strip the blanks as well',
      files: {
        'songs.py': `def clean(name):\n    return name«⇒.strip()».title()\n`,
        'test_songs.py': `import songs\n\n\ndef test_clean_name():\n    assert songs.clean(" blue moon ") == "Blue Moon"\n`,
      },
    },
  ]),
  pytest('pytest-fixture', [
    {
      task: 'Test the garden pump without water',
      why: 'write the fixture that the test asks for',
      files: {
        'test_pump.py': `import pytest\n\n\n«⇒@pytest.fixture\n»def pump():\n    return {"on": False}\n\n\ndef test_off(pump):\n    assert pump["on"] is False\n`,
      },
    },
    {
      task: 'Try the export with a small data set',
      why: 'the fixture is called small_data',
      files: {
        'test_export.py': `import pytest\n\n\n@pytest.fixture\ndef small_data():\n    return [1, 2]\n\n\ndef test_rows(«dataset⇒small_data»):\n    assert len(«dataset⇒small_data») == 2\n`,
      },
    },
    {
      task: 'Check that letters go to the right folder',
      why: 'the folder for a test is tmp_path',
      files: {
        'mail/test_letters.py': `def test_folder(«temp_folder⇒tmp_path»):\n    assert list(«temp_folder⇒tmp_path».iterdir()) == []\n`,
      },
    },
  ]),
];
