// Mistakes that a C compiler, its linker or make finds.
const family = (name, cases, command) => ({ name, needs: 'gcc', language: 'c', files: {}, command, cases });
const make = (name, cases) => ({ name, needs: 'make', language: 'make', command: 'make', files: {}, cases });

export const c = [
  family('c-undeclared', [
    {
      task: 'Blink the lamp faster',
      command: 'gcc -c blink.c',
      why: 'declare the delay',
      files: { 'blink.c': `int blink(int times) {\n«⇒  int delay = 5;\n»  return times * delay;\n}\n` },
    },
    {
      task: 'Count the sheep behind the fence',
      command: 'gcc -c src/sheep.c -o sheep.o',
      why: 'the parameter is called all',
      files: { 'src/sheep.c': `int behind(int all, int before) {\n  return «total⇒all» - before;\n}\n` },
    },
    {
      task: 'Set the limit of the engine',
      command: 'gcc -Wall -c engine.c',
      why: 'define the constant',
      files: {
        'engine.c': `«⇒#define MAX_TURNS 6000\n»int limited(int turns) {\n  return turns > MAX_TURNS ? MAX_TURNS : turns;\n}\n`,
      },
    },
  ]),
  family('c-undefined-reference', [
    {
      task: 'Add the moon to the sky program',
      command: 'gcc sky.c -o sky',
      why: 'link the file that has the function',
      again: 'gcc sky.c moon.c -o sky',
      repair: 'ls',
      files: {
        'moon.c': 'int phase(int day) { return day % 29; }\n',
        'sky.c': 'int phase(int day);\nint main(void) { return phase(29); }\n',
      },
    },
    {
      task: 'Measure the diagonal of the screen',
      command: 'gcc screen.c -o screen',
      why: 'link the mathematics library',
      again: 'gcc screen.c -o screen -lm',
      repair: 'ls',
      files: { 'screen.c': '#include <math.h>\nint main(int n, char **v) { (void)v; return sqrt((double)n) > 9; }\n' },
    },
    {
      task: 'Let the crane lift two boxes',
      command: 'gcc -o crane crane.c',
      why: 'write the function that was only promised',
      files: {
        'crane.c': `int lift(int boxes);\nint main(void) { return lift(2) - 2; }\n«⇒int lift(int boxes) { return boxes; }\n»`,
      },
    },
  ]),
  family('c-missing-semicolon', [
    {
      task: 'Cool the beer to eight degrees',
      command: 'gcc -c beer.c',
      why: 'end the statement',
      files: { 'beer.c': `int cool(int degrees) {\n  degrees = degrees - 8«⇒;»\n  return degrees;\n}\n` },
    },
    {
      task: 'Store the length of each plank',
      command: 'gcc -c wood/plank.c -o plank.o',
      why: 'a struct ends with a semicolon',
      files: {
        'wood/plank.c': `struct plank {\n  int length;\n}«⇒;»\n\nint length(struct plank p) { return p.length; }\n`,
      },
    },
    {
      task: 'Sound the horn twice',
      command: 'gcc -Wall -c horn.c',
      why: 'put the semicolon behind the call',
      files: { 'horn.c': `int sound(void);\nint twice(void) {\n  sound()«⇒;»\n  return sound();\n}\n` },
    },
  ]),
  family('c-implicit-function', [
    {
      task: 'Print the balance of the account',
      command: 'gcc -Wall -Werror -c balance.c',
      why: 'include the header of printf',
      files: { 'balance.c': `«⇒#include <stdio.h>\n»void show(int cents) {\n  printf("%d\\n", cents);\n}\n` },
    },
    {
      task: 'Measure the words of a riddle',
      command: 'gcc -Wall -Werror -c riddle/words.c -o w.o',
      why: 'string.h declares it',
      files: {
        'riddle/words.c': `«⇒#include <string.h>\n»int longest(const char *word) {\n  return (int)strlen(word);\n}\n`,
      },
    },
    {
      task: 'Draw a random card',
      command: 'gcc -Wall -Werror -c card.c',
      why: 'declare the function that lies further down',
      files: {
        'card.c': `«⇒static int shuffle(void);\n»int card(void) {\n  return shuffle() % 32;\n}\nstatic int shuffle(void) { return 7; }\n`,
      },
    },
  ]),
  family('c-missing-header', [
    {
      task: 'Share the colours between both games',
      command: 'gcc -c chess.c',
      why: 'the header is called colours.h',
      files: {
        'colours.h': '#define WHITE 1\n',
        'chess.c': `#include "«colors.h⇒colours.h»"\nint side(void) { return WHITE; }\n`,
      },
    },
    {
      task: 'Read the sensor through the new driver',
      command: 'gcc -c app/sensor.c -o s.o',
      why: 'the header lies beside the folder',
      files: {
        'driver/bus.h': 'int bus(void);\n',
        'app/sensor.c': `#include "«driver/bus.h⇒../driver/bus.h»"\nint sense(void) { return bus(); }\n`,
      },
    },
    {
      task: 'Time the laps of the swimmers',
      command: 'gcc -c laps.c',
      why: 'the header of the standard library has no s',
      files: { 'laps.c': `#include <«times.h⇒time.h»>\nlong now(void) { return (long)time(0); }\n` },
    },
  ]),
  family('c-incompatible-pointer', [
    {
      task: 'Pass the name of the ship on',
      command: 'gcc -Wall -Werror -c ship.c',
      why: 'the length goes in by its address',
      files: {
        'ship.c': `static void fill(int *length) { *length = 4; }\nint named(void) {\n  int length = 0;\n  fill(«length⇒&length»);\n  return length;\n}\n`,
      },
    },
    {
      task: 'Remember where the treasure lies',
      command: 'gcc -Wall -Werror -c treasure.c',
      why: 'hand the address of the spot over',
      files: {
        'treasure.c': `struct spot { int x; };\nstatic int dig(struct spot *spot) { return spot->x; }\nint find(int x) {\n  int *at = &x;\n  struct spot s = { x };\n  return dig(«at⇒&s») + *at;\n}\n`,
      },
    },
    {
      task: 'Fill the bottles of the line',
      command: 'gcc -Wall -Werror -c line/bottle.c -o b.o',
      why: 'it is a number, not an address',
      files: { 'line/bottle.c': `int fill(int bottle) {\n  int level = «&bottle⇒bottle»;\n  return level;\n}\n` },
    },
  ]),
  make('make-no-rule', [
    {
      task: 'Build the manual for the printer',
      why: 'the source is called manual.md',
      files: { 'manual.md': '# Manual\n', Makefile: `manual.txt: «manual.markdown⇒manual.md»\n\tcp $< $@\n` },
    },
    {
      task: 'Compile the clock',
      why: 'write the file that is asked for',
      repair: 'echo "int tick;" > tick.c',
      files: { Makefile: `clock.o: tick.c\n\tcc -c tick.c -o clock.o\n` },
    },
    {
      task: 'Release the second edition',
      command: 'make release',
      why: 'add the goal',
      files: { Makefile: `all:\n\t@echo all\n«⇒release:\n\t@echo released\n»` },
    },
  ]),
  make('make-missing-separator', [
    {
      task: 'Bundle the fonts',
      why: 'a recipe begins with a tab',
      files: { Makefile: `fonts:\n«    ⇒\t»@echo fonts\n` },
    },
    {
      task: 'Wash and dry in one go',
      command: 'make dry',
      why: 'indent with a tab, not with blanks',
      files: { Makefile: `wash:\n\t@echo wash\ndry: wash\n«  ⇒\t»@echo dry\n` },
    },
    {
      task: 'Set the version when building',
      why: 'an assignment needs its sign',
      files: { Makefile: `VERSION «3⇒= 3»\nall:\n\t@echo $(VERSION)\n` },
    },
  ]),
  make('make-command-missing', [
    {
      task: 'Render the map of the zoo',
      why: 'use the program that is installed',
      files: { Makefile: `zoo.svg:\n\t«map-renderer⇒touch» zoo.svg\n` },
    },
    {
      task: 'Install the game for all users',
      command: 'make install',
      why: 'copy with cp',
      files: { 'game.sh': 'echo play\n', Makefile: `install:\n\tmkdir -p out\n\t«copyfile⇒cp» game.sh out/\n` },
    },
    {
      task: 'Print the statistics of the words',
      command: 'make stats',
      why: 'count with wc',
      files: { 'text.txt': 'one two\n', Makefile: `stats:\n\t@«countwords⇒wc -w» text.txt\n` },
    },
  ]),
];
