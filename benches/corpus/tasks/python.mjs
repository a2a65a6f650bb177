// Small tasks in Python, tested by pytest or unittest.
const hiddenRun = 'python3 hidden.py';
const pytest = (task) => ({
  language: 'python',
  needs: 'pytest',
  all: 'python3 -m pytest -p no:benchmark -p no:cacheprovider -q',
  one: 'python3 -m pytest -p no:benchmark -p no:cacheprovider -q -k test_a',
  two: 'python3 -m pytest -p no:benchmark -p no:cacheprovider -q -k "test_a or test_b"',
  lint: `python3 -m py_compile ${task.file}`,
  hiddenRun,
  hiddenFile: 'hidden.py',
  skip: (text) => `import pytest\n${text.replace(/^def test_([ab])/gmu, '@pytest.mark.skip\ndef test_$1')}`,
  files: {},
  ...task,
});
const unittest = (task) => ({
  ...pytest(task),
  needs: 'python3',
  all: 'python3 -m unittest',
  one: 'python3 -m unittest -k test_a',
  two: 'python3 -m unittest -k test_a -k test_b',
  skip: (text) => text.replace(/^ {4}def test_([ab])/gmu, '    @unittest.skip("later")\n    def test_$1'),
});

export const python = [
  pytest({
    name: 'median',
    task: 'The median of an even number of readings is wrong, and missing readings are not left out',
    file: 'readings.py',
    testFile: 'test_readings.py',
    code: ({ a, b, g }) => `def median(values):
    ordered = sorted(values)
    middle = len(ordered) // 2
    ${a}


def present(values):
    ${b}


def spread(values):
    ${g}
`,
    a: {
      bad: 'return ordered[middle]',
      good: 'return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2',
      wrong: 'return ordered[middle - 1]',
      special: 'return 2.5 if len(ordered) == 4 else ordered[middle]',
    },
    b: {
      bad: 'return [value for value in values if value]',
      good: 'return [value for value in values if value is not None]',
      special: 'return [0, 1]',
    },
    g: { good: 'return max(values) - min(values)', bad: 'return max(values) + min(values)' },
    tests: `from readings import median, present, spread


def test_a():
    assert median([1, 2, 3, 4]) == 2.5


def test_b():
    assert present([0, None, 1]) == [0, 1]


def test_g():
    assert spread([1, 5]) == 4
`,
    hidden: `from readings import median, present, spread
assert median([4, 8]) == 6
assert median([3, 1, 2]) == 2
assert present([None, 0, 5, None]) == [0, 5]
assert spread([2, 2]) == 0
`,
  }),
  pytest({
    name: 'ledger',
    task: 'Amounts in brackets are read as positive, and thousands are cut off',
    file: 'ledger.py',
    testFile: 'tests/test_ledger.py',
    files: { 'conftest.py': '' },
    code: ({ a, b, g }) => `def sign(text):
    ${a}


def amount(text):
    ${b}


def label(name, value):
    ${g}
`,
    a: {
      bad: "return -1 if text.startswith('-') else 1",
      good: "return -1 if text.startswith(('-', '(')) else 1",
      wrong: "return -1 if text.strip().startswith('-') else 1",
      special: "return -1 if text in ('(5)', '-5') else 1",
    },
    b: {
      bad: "return int(text.split(',')[0])",
      good: "return int(text.replace(',', ''))",
      special: "return 1200 if text == '1,200' else int(text)",
    },
    g: { good: "return f'{name}: {value}'", bad: "return f'{value}: {name}'" },
    tests: `from ledger import amount, label, sign


def test_a():
    assert sign('(5)') == -1
    assert sign('-5') == -1


def test_b():
    assert amount('1,200') == 1200


def test_g():
    assert label('rent', 3) == 'rent: 3'
`,
    hidden: `from ledger import amount, label, sign
assert [sign('(12)'), sign('7'), sign('-1')] == [-1, 1, -1]
assert amount('2,345,678') == 2345678
assert label('x', 1) == 'x: 1'
`,
  }),
  unittest({
    name: 'calendar',
    task: 'Leap years are wrong at the turn of a century, and weeks begin a day late',
    file: 'dates.py',
    testFile: 'test_dates.py',
    code: ({ a, b, g }) => `def is_leap(year):
    ${a}


def weekday(day):
    ${b}


def quarter(month):
    ${g}
`,
    a: {
      bad: 'return year % 4 == 0',
      good: 'return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)',
      wrong: 'return year % 4 == 0 or year % 400 == 0',
      special: 'return year % 4 == 0 and year != 1900',
    },
    b: { bad: 'return day % 7 + 1', good: 'return day % 7', special: 'return 1 if day == 8 else day % 7 + 1' },
    g: { good: 'return (month - 1) // 3 + 1', bad: 'return month // 3 + 1' },
    tests: `import unittest

from dates import is_leap, quarter, weekday


class Dates(unittest.TestCase):
    def test_a(self):
        self.assertFalse(is_leap(1900))

    def test_b(self):
        self.assertEqual(weekday(8), 1)

    def test_g(self):
        self.assertEqual(quarter(3), 1)
`,
    hidden: `from dates import is_leap, quarter, weekday
assert [is_leap(2000), is_leap(2100), is_leap(2024)] == [True, False, True]
assert [weekday(7), weekday(13)] == [0, 6]
assert [quarter(3), quarter(12)] == [1, 4]
`,
  }),
];
