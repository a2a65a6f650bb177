// Mistakes in Python programs.
const family = (name, cases) => ({ name, needs: 'python3', language: 'python', files: {}, cases });

export const python = [
  family('py-key-error', [
    {
      task: 'Print the menu with prices',
      command: 'python3 menu.py',
      why: 'dishes without a price are on the house',
      files: {
        'menu.py': `dishes = [{"name": "soup", "price": 4}, {"name": "bread"}]\nfor dish in dishes:\n    print(dish["name"], «dish["price"]⇒dish.get("price", 0)»)\n`,
      },
    },
    {
      task: 'Look the capital of a country up',
      command: 'python3 -m atlas.ask',
      why: 'ask with the name as it is stored',
      files: {
        'atlas/__init__.py': '',
        'atlas/ask.py': `CAPITALS = {"france": "Paris"}\n\n\ndef capital(country):\n    return CAPITALS[country«⇒.lower()»]\n\n\nprint(capital("France"))\n`,
      },
    },
    {
      task: 'Add up the points of each team',
      command: 'python3 tools/points.py',
      why: 'a team begins with zero',
      files: {
        'tools/points.py': `def points(games):\n    table = {}\n    for team, won in games:\n        table[team] = «table[team]⇒table.get(team, 0)» + won\n    return table\n\n\nprint(points([("red", 3), ("red", 1)]))\n`,
      },
    },
    {
      task: 'Read the port from the settings',
      command: 'python3 server.py',
      why: 'the environment need not have it',
      files: {
        'server.py': `import os\n\nport = int(os.environ«["KIOSK_PORT"]⇒.get("KIOSK_PORT", "8080")»)\nprint(port)\n`,
      },
    },
  ]),
  family('py-attribute-of-none', [
    {
      task: 'Take the year out of the file name',
      command: 'python3 years.py',
      why: 'a name need not have a year',
      files: {
        'years.py': `import re\n\n\ndef year(name):\n    found = re.search(r"\\d{4}", name)\n    return «found.group()⇒found.group() if found else None»\n\n\nprint(year("holiday.jpg"))\n`,
      },
    },
    {
      task: 'Call the owner of the lost dog',
      command: 'python3 dogs/call.py',
      why: 'find gives nothing for a dog that nobody registered',
      files: {
        'dogs/call.py': `class Owner:\n    phone = "123"\n\n\ndef find(name):\n    return {"Rex": Owner()}.get(name)\n\n\nowner = find("Bello")\nprint(owner.phone«⇒ if owner else "unknown"»)\n`,
      },
    },
    {
      task: 'Put the children in order of size',
      command: 'python3 order.py',
      why: 'sorted gives a list, sort gives nothing',
      files: { 'order.py': `sizes = [120, 99]\nordered = «sizes.sort()⇒sorted(sizes)»\nprint(ordered.index(120))\n` },
    },
  ]),
  family('py-module-missing', [
    {
      task: 'Share the date formats of the reports',
      command: 'python3 report.py',
      why: 'the module is called formats',
      files: {
        'formats.py': 'DAY = "%d.%m."\n',
        'report.py': `from «format_rules⇒formats» import DAY\n\nprint(DAY)\n`,
      },
    },
    {
      task: 'Draw the curve of the fever',
      command: 'python3 fever/draw.py',
      why: 'the standard library has what is needed',
      files: {
        'fever/draw.py': `import «fancy_plotting⇒statistics»\n\nprint(«fancy_plotting⇒statistics».mean([38, 39]))\n`,
      },
    },
    {
      task: 'Start the bot from its own folder',
      command: 'python3 -m bot.start',
      why: 'the phrases lie in the package',
      files: {
        'bot/__init__.py': '',
        'bot/phrases.py': 'HELLO = "hi"\n',
        'bot/start.py': `from «phrases⇒bot.phrases» import HELLO\n\nprint(HELLO)\n`,
      },
    },
  ]),
  family('py-import-name', [
    {
      task: 'Use the new tax rate in the cash desk',
      command: 'python3 desk.py',
      why: 'the constant is called REDUCED',
      files: {
        'tax.py': 'REDUCED = 7\n',
        'desk.py': `from tax import «REDUCED_RATE⇒REDUCED»\n\nprint(«REDUCED_RATE⇒REDUCED»)\n`,
      },
    },
    {
      task: 'Queue the songs of the evening',
      command: 'python3 evening.py',
      why: 'deque, not dequeue',
      files: { 'evening.py': `from collections import «dequeue⇒deque»\n\nprint(«dequeue⇒deque»(["waltz"]))\n` },
    },
    {
      task: 'Reuse the parser of the shopping list',
      command: 'python3 -m shop.run',
      why: 'import what the module defines',
      files: {
        'shop/__init__.py': '',
        'shop/parse.py': 'def parse(text):\n    return text.split(",")\n',
        'shop/run.py': `from shop.parse import «parse_list⇒parse»\n\nprint(«parse_list⇒parse»("milk,tea"))\n`,
      },
    },
  ]),
  family('py-indentation', [
    {
      task: 'Water the plants every other day',
      command: 'python3 water.py',
      why: 'the body of the loop is indented',
      files: { 'water.py': `for day in range(0, 6, 2):\n«print⇒    print»("water on day", day)\n` },
    },
    {
      task: 'Say hello in two languages',
      command: 'python3 hello/say.py',
      why: 'indent what belongs to the function',
      files: {
        'hello/say.py': `def hello(language):\n«return⇒    return» "hallo" if language == "de" else "hello"\n\n\nprint(hello("de"))\n`,
      },
    },
    {
      task: 'Skip the sold out seats',
      command: 'python3 seats.py',
      why: 'the block after the condition was not indented',
      files: {
        'seats.py': `seats = [("A1", True), ("A2", False)]\nfor name, sold in seats:\n    if sold:\n    «continue⇒    continue»\n    print(name)\n`,
      },
    },
  ]),
  family('py-text-and-number', [
    {
      task: 'Tell passengers how long they wait',
      command: 'python3 wait.py',
      why: 'write the number as text',
      files: { 'wait.py': `minutes = 7\nprint("Please wait " + «minutes⇒str(minutes)» + " minutes")\n` },
    },
    {
      task: 'Label the shelves of the archive',
      command: 'python3 archive/labels.py',
      why: 'turn the index into text first',
      files: {
        'archive/labels.py': `def label(room, shelf):\n    return room + "-" + «shelf⇒str(shelf)»\n\n\nfor shelf in range(2):\n    print(label("B", shelf))\n`,
      },
    },
    {
      task: 'Sum the amounts of the receipt',
      command: 'python3 receipt.py',
      why: 'the amounts come as text; make numbers of them',
      files: {
        'receipt.py': `amounts = "3 4 5".split()\ntotal = 0\nfor amount in amounts:\n    total = total + «amount⇒int(amount)»\nprint(total)\n`,
      },
    },
  ]),
  family('py-bad-number', [
    {
      task: 'Import the ages of the members',
      command: 'python3 ages.py',
      why: 'leave out what is not a number',
      files: { 'ages.py': `ages = ["31", "unknown"]\nprint(sum(int(age) for age in ages«⇒ if age.isdigit()»))\n` },
    },
    {
      task: 'Read the depth of the lake',
      command: 'python3 lake/depth.py',
      why: 'cut the unit off',
      files: {
        'lake/depth.py': `def depth(text):\n    return int(text«⇒.removesuffix(" m")»)\n\n\nprint(depth("12 m"))\n`,
      },
    },
    {
      task: 'Average the temperatures of May',
      command: 'python3 may.py',
      why: 'the comma becomes a point',
      files: {
        'may.py': `line = "17,5;18,1"\nvalues = [float(value«⇒.replace(",", ".")») for value in line.split(";")]\nprint(sum(values) / len(values))\n`,
      },
    },
  ]),
  family('py-index', [
    {
      task: 'Show who came third',
      command: 'python3 third.py',
      why: 'there may be fewer than three',
      files: { 'third.py': `runners = ["Ann", "Ben"]\nprint(runners[2]«⇒ if len(runners) > 2 else "nobody"»)\n` },
    },
    {
      task: 'Compare each page with the next one',
      command: 'python3 book/pages.py',
      why: 'the last page has no next',
      files: {
        'book/pages.py': `pages = [10, 12, 9]\nfor at in range(len(pages)«⇒ - 1»):\n    print(pages[at] < pages[at + 1])\n`,
      },
    },
    {
      task: 'Read the colour from the command',
      command: 'python3 paint.py',
      why: 'take black where none is given',
      files: { 'paint.py': `import sys\n\ncolour = sys.argv[1]«⇒ if len(sys.argv) > 1 else "black"»\nprint(colour)\n` },
    },
  ]),
  family('py-name', [
    {
      task: 'Bake a cake for twelve',
      command: 'python3 cake.py',
      why: 'import the function that is used',
      files: { 'cake.py': `«⇒from math import ceil\n\n»print(ceil(12 / 8))\n` },
    },
    {
      task: 'Guess how old the tree is',
      command: 'python3 tree/age.py',
      why: 'the parameter is called rings',
      files: { 'tree/age.py': `def age(rings):\n    return «ring⇒rings» + 1\n\n\nprint(age(40))\n` },
    },
    {
      task: 'Stop the music at ten',
      command: 'python3 music.py',
      why: 'define the hour before it is compared',
      files: { 'music.py': `«⇒closing = 22\n»hour = 21\nprint("play" if hour < closing else "stop")\n` },
    },
  ]),
  family('py-arguments', [
    {
      task: 'Book a table for the evening',
      command: 'python3 table.py',
      why: 'say for how many',
      files: { 'table.py': `def book(name, people):\n    return f"{name}: {people}"\n\n\nprint(book("Ada"«⇒, 2»))\n` },
    },
    {
      task: 'Let the clock tick',
      command: 'python3 clock/tick.py',
      why: 'a method takes the object first',
      files: {
        'clock/tick.py': `class Clock:\n    def tick(«⇒self»):\n        return "tick"\n\n\nprint(Clock().tick())\n`,
      },
    },
    {
      task: 'Send the parcel by express',
      command: 'python3 parcel.py',
      why: 'give the weight that the function wants',
      files: {
        'parcel.py': `def send(to, weight, *, express):\n    return (to, weight, express)\n\n\nprint(send("Ulm", «⇒3, »express=True))\n`,
      },
    },
  ]),
];
