// Mistakes that the Rust compiler finds, and panics.
const family = (name, cases) => ({ name, needs: 'rustc', language: 'rust', files: {}, cases });
const check = (file) => `rustc --edition 2021 --emit metadata -A dead_code -A unused ${file}`;
const run = (file) => `rustc --edition 2021 -A dead_code -A unconditional_panic ${file} -o program && ./program`;

export const rust = [
  family('rs-moved-value', [
    {
      task: 'Print the guests and count them',
      command: check('guests.rs'),
      why: 'borrow the list',
      files: {
        'guests.rs': `fn count(names: «Vec<String>⇒&[String]») -> usize {\n    names.len()\n}\nfn main() {\n    let names = vec![String::from("Ada")];\n    let n = count(«names⇒&names»);\n    println!("{} {:?}", n, names);\n}\n`,
      },
    },
    {
      task: 'Paint the wall and the door alike',
      command: check('src/paint.rs'),
      why: 'the door gets a copy',
      files: {
        'src/paint.rs': `struct Wall { colour: String }\nfn main() {\n    let colour = String::from("green");\n    let wall = Wall { colour«⇒: colour.clone()» };\n    println!("{} {}", wall.colour, colour);\n}\n`,
      },
    },
    {
      task: 'Send each letter twice',
      command: check('letters.rs'),
      why: 'go over references',
      files: {
        'letters.rs': `fn main() {\n    let letters = vec!["a".to_string(), "b".to_string()];\n    for letter in «letters⇒&letters» {\n        println!("{letter}");\n    }\n    println!("{}", letters.len());\n}\n`,
      },
    },
  ]),
  family('rs-not-mutable', [
    {
      task: 'Fill the bucket drop by drop',
      command: check('bucket.rs'),
      why: 'what grows is mutable',
      files: {
        'bucket.rs': `fn main() {\n    let «⇒mut »bucket = Vec::new();\n    bucket.push(1);\n    println!("{:?}", bucket);\n}\n`,
      },
    },
    {
      task: 'Let the tortoise take a step',
      command: check('race/tortoise.rs'),
      why: 'step changes the tortoise',
      files: {
        'race/tortoise.rs': `struct Tortoise { at: u32 }\nimpl Tortoise {\n    fn step(&mut self) { self.at += 1; }\n}\nfn main() {\n    let «⇒mut »tortoise = Tortoise { at: 0 };\n    tortoise.step();\n}\n`,
      },
    },
    {
      task: 'Collect the words of a poem',
      command: check('poem.rs'),
      why: 'the text is appended to',
      files: {
        'poem.rs': `fn main() {\n    let «⇒mut »poem = String::from("roses");\n    poem.push_str(" are red");\n    println!("{poem}");\n}\n`,
      },
    },
  ]),
  family('rs-mismatched-types', [
    {
      task: 'Compute the share of the pie',
      command: check('pie.rs'),
      why: 'make the count a float',
      files: {
        'pie.rs': `fn size(people: u32) -> f64 {\n    let all: f64 = «people⇒people.into()»;\n    all\n}\nfn main() {\n    println!("{}", size(4));\n}\n`,
      },
    },
    {
      task: 'Name the day after tomorrow',
      command: check('src/day.rs'),
      why: 'give back an owned text',
      files: {
        'src/day.rs': `fn day(n: usize) -> String {\n    ["sat", "sun"][n % 2]«⇒.to_string()»\n}\nfn main() {\n    println!("{}", day(1));\n}\n`,
      },
    },
    {
      task: 'Tell how far the ball flew',
      command: check('ball.rs'),
      why: 'the last line is the value, so no semicolon',
      files: {
        'ball.rs': `fn metres(seconds: i32) -> i32 {\n    seconds * 12«;⇒»\n}\nfn main() {\n    println!("{}", metres(3));\n}\n`,
      },
    },
  ]),
  family('rs-unresolved-name', [
    {
      task: 'Make the oven count down',
      command: check('oven.rs'),
      why: 'bind the start',
      files: {
        'oven.rs': `fn main() {\n«⇒    let minutes = 3;\n»    for left in (0..minutes).rev() {\n        println!("{left}");\n    }\n}\n`,
      },
    },
    {
      task: 'Look for the key in two drawers',
      command: check('house/drawers.rs'),
      why: 'the function is called contains_key',
      files: {
        'house/drawers.rs': `fn contains_key(drawer: u8) -> bool {\n    drawer == 2\n}\nfn main() {\n    println!("{}", «has_key⇒contains_key»(1));\n}\n`,
      },
    },
    {
      task: 'Round the price of the melon',
      command: check('melon.rs'),
      why: 'use the variable that there is',
      files: {
        'melon.rs': `fn price(cents: u32) -> u32 {\n    (cent«⇒s» + 5) / 10 * 10\n}\nfn main() {\n    println!("{}", price(123));\n}\n`,
      },
    },
  ]),
  family('rs-unresolved-type', [
    {
      task: 'Count the stamps of each country',
      command: check('stamps.rs'),
      why: 'use the map of the standard library',
      files: {
        'stamps.rs': `«⇒use std::collections::HashMap;\n»fn main() {\n    let mut stamps = HashMap::new();\n    stamps.insert("fr", 2);\n    println!("{}", stamps.len());\n}\n`,
      },
    },
    {
      task: 'Stop the time of the dive',
      command: check('src/dive.rs'),
      why: 'bring Instant into scope',
      files: {
        'src/dive.rs': `«⇒use std::time::Instant;\n»fn main() {\n    let start = Instant::now();\n    println!("{:?}", start.elapsed());\n}\n`,
      },
    },
    {
      task: 'Keep the patients in order',
      command: check('patients.rs'),
      why: 'import the queue',
      files: {
        'patients.rs': `«⇒use std::collections::VecDeque;\n»fn main() {\n    let mut line = VecDeque::from([1]);\n    line.push_back(2);\n    println!("{line:?}");\n}\n`,
      },
    },
  ]),
  family('rs-borrow-conflict', [
    {
      task: 'Add the sum to the list',
      command: check('sums.rs'),
      why: 'take the value out before it is pushed',
      files: {
        'sums.rs': `fn main() {\n    let mut list = vec![1, 2];\n    let first = «&list[0]⇒list[0]»;\n    list.push(3);\n    println!("{first}");\n}\n`,
      },
    },
    {
      task: 'Rename the ship while it sails',
      command: check('ship.rs'),
      why: 'copy the old name',
      files: {
        'ship.rs': `fn main() {\n    let mut name = String::from("Anna");\n    let old = «&name⇒name.clone()»;\n    name.push_str(" II");\n    println!("{old} {name}");\n}\n`,
      },
    },
    {
      task: 'Drop the smallest fish back',
      command: check('sea/fish.rs'),
      why: 'find the smallest as a number',
      files: {
        'sea/fish.rs': `fn main() {\n    let mut fish = vec![3, 1, 2];\n    let least = «fish.iter().min().unwrap()⇒*fish.iter().min().unwrap()»;\n    fish.clear();\n    println!("{least}");\n}\n`,
      },
    },
  ]),
  family('rs-missing-trait', [
    {
      task: 'Show the position of the robot',
      command: check('robot.rs'),
      why: 'derive what printing needs',
      files: {
        'robot.rs': `«⇒#[derive(Debug)]\n»struct Robot { x: i32 }\nfn main() {\n    println!("{:?}", Robot { x: 3 });\n}\n`,
      },
    },
    {
      task: 'Log which card was played',
      command: check('cards/log.rs'),
      why: 'let the compiler write Debug',
      files: {
        'cards/log.rs': `«⇒#[derive(Debug)]\n»enum Card { Ace, King }\nfn main() {\n    let hand = [Card::Ace, Card::King];\n    println!("{:?}", hand);\n}\n`,
      },
    },
    {
      task: 'Print the ticket of the tram',
      command: check('tram.rs'),
      why: 'say how a ticket is shown',
      files: {
        'tram.rs': `struct Ticket(u32);\n«⇒impl std::fmt::Display for Ticket {\n    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {\n        write!(f, "no {}", self.0)\n    }\n}\n»fn main() {\n    println!("{}", Ticket(7));\n}\n`,
      },
    },
  ]),
  family('rs-panic-none', [
    {
      task: 'Find the first free table',
      command: run('table.rs'),
      why: 'where none is free, say zero',
      files: {
        'table.rs': `fn main() {\n    let free: Vec<u32> = Vec::new();\n    println!("{}", free.first()«.unwrap()⇒.unwrap_or(&0)»);\n}\n`,
      },
    },
    {
      task: 'Read the flag of the country',
      command: run('src/flag.rs'),
      why: 'an unknown country has no flag',
      files: {
        'src/flag.rs': `fn flag(code: &str) -> Option<&'static str> {\n    if code == "it" { Some("tricolore") } else { None }\n}\nfn main() {\n    println!("{}", flag("xx")«.unwrap()⇒.unwrap_or("none")»);\n}\n`,
      },
    },
    {
      task: 'Take the last word of the sentence',
      command: run('words.rs'),
      why: 'an empty sentence has no last word',
      files: {
        'words.rs': `fn last(text: &str) -> String {\n    text.split_whitespace().last()«.unwrap()⇒.unwrap_or_default()».to_string()\n}\nfn main() {\n    println!("[{}]", last(""));\n}\n`,
      },
    },
  ]),
  family('rs-panic-index', [
    {
      task: 'Show the next tram after this one',
      command: run('trams.rs'),
      why: 'the index starts again at the end',
      files: {
        'trams.rs': `fn main() {\n    let lines = vec![1, 4, 9];\n    let at = lines.len();\n    println!("{}", lines[at«⇒ % lines.len()»]);\n}\n`,
      },
    },
    {
      task: 'Give the third child a present',
      command: run('presents.rs'),
      why: 'use get for what may not be there',
      files: {
        'presents.rs': `fn main() {\n    let children = vec!["Mia", "Tom"];\n    println!("{:?}", «children[2]⇒children.get(2)»);\n}\n`,
      },
    },
    {
      task: 'Compare the rain of two days',
      command: run('src/rain.rs'),
      why: 'end one day earlier',
      files: {
        'src/rain.rs': `fn main() {\n    let rain = vec![3, 5, 2, 8];\n    for day in 0..rain.len()«⇒ - 1» {\n        println!("{}", rain[day + 1] - rain[day]);\n    }\n}\n`,
      },
    },
  ]),
];
