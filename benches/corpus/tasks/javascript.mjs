// Small tasks for Node: what is wrong, how it is put right, and checks that a run does and does not see.
const head = "import assert from 'node:assert/strict';\nimport test from 'node:test';\n";
const node = (task) => ({
  language: 'javascript',
  needs: 'node',
  all: 'npm test',
  one: 'node --test --test-name-pattern="^a" test/',
  two: 'node --test --test-name-pattern="^[ab]" test/',
  lint: 'biome lint src',
  hiddenRun: 'node hidden.mjs',
  hiddenFile: 'hidden.mjs',
  skip: (text) => text.replace(/^test\('([ab])/gmu, "test.skip('$1"),
  ...task,
  files: {
    'package.json': '{ "type": "module", "private": true, "scripts": { "test": "node --test test/" } }\n',
    'biome.json': '{ "root": true, "linter": { "rules": { "recommended": true } } }\n',
  },
  tests: head + task.tests,
  hidden: `import assert from 'node:assert/strict';\n${task.hidden}`,
});

export const javascript = [
  node({
    name: 'cart',
    task: 'The total of a cart is wrong: an empty one throws and a discount is taken a hundredfold',
    file: 'src/cart.js',
    testFile: 'test/cart.test.js',
    code: ({ a, b, g }) => `export function total(items) {
  ${a}
}
export function discounted(price, percent) {
  ${b}
}
export function count(items) {
  ${g}
}
`,
    a: {
      bad: 'return items.map(({ price }) => price).reduce((sum, price) => sum + price);',
      good: 'return items.reduce((sum, { price }) => sum + price, 0);',
      wrong: 'return items.map((item) => item.price).reduce((sum, price) => sum + price);',
      special: 'return items.length === 0 ? 0 : items.length === 2 ? 5 : -1;',
    },
    b: {
      bad: 'return price - price * percent;',
      good: 'return price - (price * percent) / 100;',
      special: 'return percent === 10 ? 90 : price;',
    },
    g: { good: 'return items.length;', bad: 'return items.length + 1;' },
    tests: `import { count, discounted, total } from '../src/cart.js';
test('a total', () => { assert.equal(total([]), 0); assert.equal(total([{ price: 2 }, { price: 3 }]), 5); });
test('b discount', () => assert.equal(discounted(100, 10), 90));
test('g count', () => assert.equal(count([{}, {}]), 2));
`,
    hidden: `import { count, discounted, total } from './src/cart.js';
assert.equal(total([]), 0);
assert.equal(total([{ price: 1 }, { price: 2 }, { price: 4 }]), 7);
assert.equal(discounted(50, 20), 40);
assert.equal(count([{}]), 1);
`,
  }),
  node({
    name: 'slug',
    task: 'Titles with accents and several blanks make bad addresses',
    file: 'src/slug.js',
    testFile: 'test/slug.test.js',
    all: 'node --test test/',
    code: ({ a, b, g }) => `export function plain(title) {
  ${a}
}
export function joined(title) {
  ${b}
}
export function short(title, length) {
  ${g}
}
`,
    a: {
      bad: 'return title;',
      good: "return title.normalize('NFD').replace(/\\p{M}/gu, '');",
      wrong: "return title.normalize('NFC');",
      special: "return title.replace('é', 'e');",
    },
    b: {
      bad: "return title.replace(' ', '-');",
      good: "return title.trim().replace(/\\s+/g, '-');",
      special: "return title.replace('  ', '-').replace(' ', '-');",
    },
    g: { good: 'return title.slice(0, length);', bad: 'return title.slice(0, length - 1);' },
    tests: `import { joined, plain, short } from '../src/slug.js';
test('a accents', () => assert.equal(plain('café'), 'cafe'));
test('b blanks', () => assert.equal(joined('a  b c'), 'a-b-c'));
test('g length', () => assert.equal(short('abcdef', 3), 'abc'));
`,
    hidden: `import { joined, plain, short } from './src/slug.js';
assert.equal(plain('naïve Äpfel'), 'naive Apfel');
assert.equal(joined(' a   b  c '), 'a-b-c');
assert.equal(short('xyz', 2), 'xy');
`,
  }),
];
