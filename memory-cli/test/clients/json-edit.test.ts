// Where a value goes in a text that people wrote.
import { expect, test } from 'vitest';
import { withoutValueAt, withValueAt } from '../../src/clients/json-edit.ts';

test.each([
  [
    'indented by tabs',
    '{\n\t"s": {\n\t\t"a": 1\n\t}\n}',
    '{\n\t"s": {\n\t\t"a": 1,\n\t\t"m": {\n\t\t\t"c": []\n\t\t}\n\t}\n}',
  ],
  [
    'a note on the line of what is before stays there',
    '{\n  "s": {\n    "a": 1 // one\n    // end\n  }\n}',
    '{\n  "s": {\n    "a": 1, // one\n    "m": {\n      "c": []\n    }\n    // end\n  }\n}',
  ],
  [
    'commas at the end go on',
    '{\r\n  "s": {\r\n    "a": 1, /* one */\r\n  },\r\n}',
    '{\r\n  "s": {\r\n    "a": 1, /* one */\r\n    "m": {\r\n      "c": []\r\n    },\r\n  },\r\n}',
  ],
  ['a line stays a line', '{"s":{"a":1}}', '{"s":{"a":1, "m": { "c": [] }}}'],
  ['what is missing on the way is made', '{\n "a": 1\n}', '{\n "a": 1,\n "s": {\n  "m": {\n   "c": []\n  }\n }\n}'],
  ['in an object with a note alone', '{ "s": { // none\n} }', '{ "s": { // none\n  "m": {\n    "c": []\n  }\n} }'],
  ['from nothing', '', '{\n  "s": {\n    "m": {\n      "c": []\n    }\n  }\n}\n'],
])('a value comes in as the text is written: %s [CL-04]', (_what, before, after) => {
  expect(withValueAt(before, ['s', 'm'], { c: [] })).toBe(after);
});

test.each([
  ['the last', '{\n  "a": 1, // one\n  "m": {}\n}', '{\n  "a": 1 // one\n}'],
  ['the first', '{\n  "m": {}, // ours\n  "a": 1\n}', '{\n   // ours\n  "a": 1\n}'],
  ['one in a line', '{"a": 1, "m": {}, "b": 2}', '{"a": 1,  "b": 2}'],
  ['with a comma at the end', '{\n  "a": 1,\n  "m": {},\n}', '{\n  "a": 1,\n}'],
  ['the only one', '{"m": {}}', '{}'],
  ['behind a note, before another key', '{ // note\n  "m": {}, "a": 1 }', '{ // note\n   "a": 1 }'],
  ['none', '{"a": 1}', '{"a": 1}'],
])('a value goes with its comma, and notes stay: %s [CL-04]', (_what, before, after) => {
  expect(withoutValueAt(before, ['m'])).toBe(after);
});
