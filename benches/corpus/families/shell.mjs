// Mistakes in scripts and commands of a shell.
const family = (name, cases) => ({ name, needs: 'bash', language: 'bash', files: {}, cases });

export const shell = [
  family('sh-command-not-found', [
    {
      task: 'Pack the logs of the week',
      command: 'bash pack.sh',
      why: 'the program is called tar',
      files: { 'pack.sh': `#!/bin/bash\nset -e\n«tarr⇒tar» cf logs.tar pack.sh\n` },
    },
    {
      task: 'Tell me how large the pictures are',
      command: 'bash scripts/size.sh',
      why: 'use du, which is everywhere',
      files: { 'scripts/size.sh': `set -eu\n«dirsize⇒du -s» .\n` },
    },
    {
      task: 'Turn the list of names around',
      command: './reverse.sh',
      why: 'write the command as it is spelt',
      setup: ['chmod +x reverse.sh'],
      files: { 'reverse.sh': `#!/bin/sh\nset -e\nprintf 'a\\nb\\n' > names\n«reverselines⇒tac» names\n` },
    },
    {
      task: 'Greet people at login',
      command: 'sh greet.sh',
      why: 'echo prints',
      files: { 'greet.sh': `set -e\n«eco⇒echo» "welcome"\n` },
    },
  ]),
  family('sh-permission-denied', [
    {
      task: 'Start the rocket game',
      command: './start.sh',
      why: 'make it executable',
      repair: 'chmod +x start.sh',
      files: { 'start.sh': '#!/bin/sh\necho lift off\n' },
    },
    {
      task: 'Run the checks before a push',
      command: 'hooks/pre-push',
      why: 'give it the right to run',
      repair: 'chmod 755 hooks/pre-push',
      files: { 'hooks/pre-push': '#!/bin/bash\necho all good\n' },
    },
    {
      task: 'Ask the oracle for a number',
      command: 'cd bin && ./oracle 7',
      why: 'allow it to be run',
      repair: 'chmod u+x bin/oracle',
      files: { 'bin/oracle': '#!/bin/sh\necho 42\n' },
    },
  ]),
  family('sh-no-such-file', [
    {
      task: 'Copy the timetable to the public folder',
      command: 'cp timetable.txt public/today.txt',
      why: 'make the folder first',
      repair: 'mkdir -p public',
      files: { 'timetable.txt': '8:00 maths\n' },
    },
    {
      task: 'Count the lines of the poem',
      command: 'bash count.sh',
      why: 'it lies in texts',
      files: { 'texts/poem.txt': 'roses\n', 'count.sh': `set -e\nwc -l < «poem.txt⇒texts/poem.txt»\n` },
    },
    {
      task: 'Show the newest entry of the logbook',
      command: 'tail -n 1 logbook/today.log',
      why: 'begin the log',
      repair: 'mkdir logbook && echo start > logbook/today.log',
      files: { 'readme.txt': 'see the logbook\n' },
    },
    {
      task: 'Sort the addresses by town',
      command: 'sh sort.sh',
      why: 'read the list that is there',
      files: {
        'data/addresses.csv': 'Ulm,Ada\nBonn,Bo\n',
        'sort.sh': `set -e\ncd data\nsort «adresses.csv⇒addresses.csv»\n`,
      },
    },
  ]),
  family('sh-unbound-variable', [
    {
      task: 'Name the backup after the customer',
      command: 'bash backup.sh',
      why: 'fall back to a name',
      files: { 'backup.sh': `set -euo pipefail\necho "backup-«$CUSTOMER⇒\${CUSTOMER:-nobody}».tar"\n` },
    },
    {
      task: 'Send the summary to the printer on our floor',
      command: 'bash print/send.sh',
      why: 'set the floor at the top',
      files: { 'print/send.sh': `set -u\n«⇒floor=3\n»echo "to printer-$floor"\n` },
    },
    {
      task: 'Clean the folder that is given',
      command: 'bash clean.sh',
      why: 'without an argument it is the present folder',
      files: { 'clean.sh': `#!/bin/bash\nset -o nounset\ntarget=«$1⇒\${1:-.}»\necho "cleaning $target"\n` },
    },
  ]),
  family('sh-unexpected-token', [
    {
      task: 'Ring the bell three times',
      command: 'bash ring.sh',
      why: 'the loop wants do',
      files: { 'ring.sh': `for i in 1 2 3«⇒; do»\n  echo ding $i\ndone\n` },
    },
    {
      task: 'Write the greeting of the day',
      command: 'bash day.sh',
      why: 'brackets are quoted',
      files: { 'day.sh': `hour=9\necho «good morning (it is $hour)⇒"good morning (it is $hour)"»\n` },
    },
    {
      task: 'Move finished files away',
      command: 'sh tools/move.sh',
      why: 'one fi was too many',
      files: { 'tools/move.sh': `if [ -d done ]; then\n  echo there\nfi\n«fi\n⇒»` },
    },
  ]),
  family('sh-unexpected-end', [
    {
      task: 'Check whether the door is locked',
      command: 'bash door.sh',
      why: 'end the condition',
      files: { 'door.sh': `if [ -f locked ]; then\n  echo locked\nelse\n  echo open\n«⇒fi\n»` },
    },
    {
      task: 'Wait until the cake is done',
      command: 'bash cake/wait.sh',
      why: 'close the loop',
      files: { 'cake/wait.sh': `n=0\nwhile [ $n -lt 2 ]; do\n  n=$((n + 1))\n«⇒done\n»echo done baking\n` },
    },
    {
      task: 'Say which day it is',
      command: 'bash today.sh',
      why: 'the case needs its end',
      files: { 'today.sh': `case "1" in\n  1) echo monday ;;\n  *) echo later ;;\n«⇒esac\n»` },
    },
  ]),
  family('sh-integer-expected', [
    {
      task: 'Warn when more than five mails wait',
      command: 'bash mails.sh',
      why: 'count, do not name',
      files: { 'mails.sh': `waiting=«many⇒7»\nif [ "$waiting" -gt 5 ]; then echo hurry; else exit 1; fi\n` },
    },
    {
      task: 'Allow the ride from a height of 120',
      command: 'bash ride/height.sh',
      why: 'the unit is not part of the number',
      files: { 'ride/height.sh': `height=«130cm⇒130»\n[ "$height" -ge 120 ] && echo "come in"\n` },
    },
    {
      task: 'Stop the pump at the right level',
      command: 'bash pump.sh',
      why: 'start from zero where nothing was measured',
      files: { 'pump.sh': `set -e\nlevel="«⇒0»"\ntest "$level" -lt 10\necho pumping\n` },
    },
  ]),
  family('sh-is-directory', [
    {
      task: 'Show what the museum wrote about the whale',
      command: 'cat whale',
      why: 'the text lies inside',
      again: 'cat whale/text.md',
      repair: 'ls whale',
      files: { 'whale/text.md': 'It is large.\n' },
    },
    {
      task: 'Throw the old drafts away',
      command: 'rm drafts',
      why: 'remove the folder with what is in it',
      again: 'rm -r drafts',
      repair: 'ls drafts',
      files: { 'drafts/one.txt': 'no\n' },
    },
    {
      task: 'Look for the word sun in all songs',
      command: 'grep sun songs',
      why: 'search inside the folder',
      again: 'grep -r sun songs',
      repair: 'ls songs',
      files: { 'songs/a.txt': 'here comes the sun\n' },
    },
    {
      task: 'Put the maps onto the stick',
      command: 'cp maps stick/',
      why: 'copy with everything below',
      again: 'cp -r maps stick/',
      repair: 'ls maps',
      files: { 'maps/alps.txt': 'high\n', 'stick/empty': '' },
    },
  ]),
];
