// Mistakes in Java programs.
const family = (name, cases) => ({ name, needs: 'javac', language: 'java', files: {}, cases });
const run = (name) => `java ${name}.java`;

export const java = [
  family('java-unknown-symbol', [
    {
      task: 'Compute the tip of the waiter',
      command: 'javac -d out Tip.java',
      why: 'declare the rate',
      files: {
        'Tip.java': `class Tip {\n«⇒  static final double RATE = 0.1;\n»  double of(double bill) { return bill * RATE; }\n}\n`,
      },
    },
    {
      task: 'Give the spaceship a name',
      command: 'javac -d out space/Ship.java',
      why: 'the field is called title',
      files: {
        'space/Ship.java': `package space;\nclass Ship {\n  String title = "Nova";\n  String name() { return «tittle⇒title»; }\n}\n`,
      },
    },
    {
      task: 'Collect the tasks of the day',
      command: 'javac -d out Day.java',
      why: 'import the list',
      files: { 'Day.java': `«⇒import java.util.List;\n»class Day {\n  List<String> tasks;\n}\n` },
    },
  ]),
  family('java-incompatible-types', [
    {
      task: 'Store the weight of the hen',
      command: 'javac -d out Hen.java',
      why: 'parse the text',
      files: { 'Hen.java': `class Hen {\n  int grams = «"1800"⇒Integer.parseInt("1800")»;\n}\n` },
    },
    {
      task: 'Halve the dose for children',
      command: 'javac -d out med/Dose.java',
      why: 'a half is no whole number',
      files: {
        'med/Dose.java': `package med;\nclass Dose {\n  «int⇒double» half(int dose) {\n    «int⇒double» result = dose * 0.5;\n    return result;\n  }\n}\n`,
      },
    },
    {
      task: 'Ask whether the shop is open',
      command: 'javac -d out Shop.java',
      why: 'compare the hour',
      files: { 'Shop.java': `class Shop {\n  boolean isOpen(int hour) {\n    return hour«⇒ > 8»;\n  }\n}\n` },
    },
  ]),
  family('java-missing-return', [
    {
      task: 'Name the size of the shirt',
      command: 'javac -d out Shirt.java',
      why: 'large is all the rest',
      files: {
        'Shirt.java': `class Shirt {\n  String size(int cm) {\n    if (cm < 160) return "small";\n«⇒    return "large";\n»  }\n}\n`,
      },
    },
    {
      task: 'Choose the gate of the flight',
      command: 'javac -d out air/Gate.java',
      why: 'give the chosen gate back',
      files: {
        'air/Gate.java': `package air;\nclass Gate {\n  int gate(boolean isLate) {\n    int chosen = isLate ? 9 : 2;\n«⇒    return chosen;\n»  }\n}\n`,
      },
    },
    {
      task: 'Tell if the fish is fresh',
      command: 'javac -d out Fish.java',
      why: 'answer after the loop too',
      files: {
        'Fish.java': `class Fish {\n  boolean isFresh(int[] days) {\n    for (int day : days) {\n      if (day > 2) return false;\n    }\n«⇒    return true;\n»  }\n}\n`,
      },
    },
  ]),
  family('java-null', [
    {
      task: 'Print the motto of the club',
      command: run('Club'),
      why: 'a club need not have a motto',
      files: {
        'Club.java': `class Club {\n  static String motto = null;\n  public static void main(String[] args) {\n    System.out.println(«motto.trim()⇒motto == null ? "" : motto.trim()»);\n  }\n}\n`,
      },
    },
    {
      task: 'Find the room of the teacher',
      command: run('Rooms'),
      why: 'an unknown teacher has no room',
      files: {
        'Rooms.java': `import java.util.Map;\nclass Rooms {\n  public static void main(String[] args) {\n    Map<String, Integer> rooms = Map.of("Roe", 12);\n    int room = «rooms.get("Doe")⇒rooms.getOrDefault("Doe", 0)»;\n    System.out.println(room);\n  }\n}\n`,
      },
    },
    {
      task: 'Count the letters on each stone',
      command: run('Stones'),
      why: 'pass over stones without a text',
      files: {
        'Stones.java': `class Stones {\n  static int letters(String stone) { return «stone.length()⇒stone == null ? 0 : stone.length()»; }\n  public static void main(String[] args) {\n    for (String stone : new String[] {"abc", null}) System.out.println(letters(stone));\n  }\n}\n`,
      },
    },
  ]),
  family('java-index', [
    {
      task: 'Show the last lap of the race',
      command: run('Race'),
      why: 'the last has the length minus one',
      files: {
        'Race.java': `class Race {\n  public static void main(String[] args) {\n    int[] laps = {61, 59};\n    System.out.println(laps[laps.length«⇒ - 1»]);\n  }\n}\n`,
      },
    },
    {
      task: 'Read the month from the date',
      command: run('Month'),
      why: 'the parts are parted by a point',
      files: {
        'Month.java': `class Month {\n  public static void main(String[] args) {\n    String[] parts = "24.12.2025".split("«-⇒\\\\.»");\n    System.out.println(parts[1]);\n  }\n}\n`,
      },
    },
    {
      task: 'Deal five cards',
      command: run('Cards'),
      why: 'there are only as many as there are',
      files: {
        'Cards.java': `class Cards {\n  public static void main(String[] args) {\n    String[] deck = {"ace", "king", "ten"};\n    for (int i = 0; i < «5⇒Math.min(5, deck.length)»; i++) System.out.println(deck[i]);\n  }\n}\n`,
      },
    },
  ]),
  family('java-unreported-exception', [
    {
      task: 'Load the text of the song',
      command: 'javac -d out Song.java',
      why: 'say that reading may fail',
      files: {
        'Song.java': `import java.nio.file.*;\nclass Song {\n  String text()«⇒ throws java.io.IOException» {\n    return Files.readString(Path.of("song.txt"));\n  }\n}\n`,
      },
    },
    {
      task: 'Let the snail rest for a moment',
      command: 'javac -d out Snail.java',
      why: 'declare that sleep may be interrupted',
      files: {
        'Snail.java': `class Snail {\n  void rest()«⇒ throws InterruptedException» {\n    Thread.sleep(10);\n  }\n}\n`,
      },
    },
    {
      task: 'Open the page of the museum',
      command: 'javac -d out net/Page.java',
      why: 'the address may be wrong; pass that on',
      files: {
        'net/Page.java': `package net;\nimport java.net.*;\nclass Page {\n  URI address()«⇒ throws URISyntaxException» {\n    return new URI("https://museum.example");\n  }\n}\n`,
      },
    },
  ]),
];
