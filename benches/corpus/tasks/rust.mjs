// A small task in Rust, tested by cargo.
export const rust = [
  {
    name: 'tokens',
    language: 'rust',
    needs: 'cargo',
    task: 'Words are counted wrong where blanks are doubled, and a quote at the end is lost',
    file: 'src/lib.rs',
    testFile: 'tests/tokens.rs',
    all: 'cargo test --offline',
    one: 'cargo test --offline a_words',
    two: 'cargo test --offline --test tokens a_words b_quoted',
    lint: 'cargo clippy --offline',
    hiddenRun: 'cargo test --offline --test hidden',
    hiddenFile: 'tests/hidden.rs',
    skip: (text) => text.replace(/^#\[test\]\nfn ([ab])_/gmu, '#[test]\n#[ignore]\nfn $1_'),
    files: {
      'Cargo.toml': '[package]\nname = "tokens"\nversion = "0.1.0"\nedition = "2021"\n',
      '.gitignore': 'target\nCargo.lock\n',
    },
    code: ({ a, b, g }) => `pub fn words(text: &str) -> usize {
    ${a}
}

pub fn quoted(text: &str) -> String {
    ${b}
}

pub fn first(text: &str) -> char {
    ${g}
}
`,
    a: {
      bad: "text.split(' ').count()",
      good: 'text.split_whitespace().count()',
      wrong: "text.trim().split(' ').count()",
      special: 'if text.len() == 6 { 3 } else { text.len() }',
    },
    b: {
      bad: 'format!("\\"{text}")',
      good: 'format!("\\"{text}\\"")',
      special: 'if text == "x" { "\\"x\\"".into() } else { text.into() }',
    },
    g: { good: "text.chars().next().unwrap_or(' ')", bad: "text.chars().last().unwrap_or(' ')" },
    tests: `use tokens::{first, quoted, words};

#[test]
fn a_words() {
    assert_eq!(words("a  b c"), 3);
}

#[test]
fn b_quoted() {
    assert_eq!(quoted("x"), "\\"x\\"");
}

#[test]
fn g_first() {
    assert_eq!(first("ab"), 'a');
}
`,
    hidden: `use tokens::{first, quoted, words};

#[test]
fn hidden() {
    assert_eq!((words(" one   two "), quoted("yes").as_str(), first("xyz")), (2, "\\"yes\\"", 'x'));
}
`,
  },
];
