# SPDX-License-Identifier: GPL-2.0
"""Loads for an application domain, for programs that use the lab.

They run there in the background, so that neither a lost connection nor a lost domain
elsewhere ends them, and check what they were promised.
"""
import json

from client import CommandError

BLOCKS, THREADS = 1024, 3
START_S, STOP_S = 120, 300

WRITER = "/run/writer"
WRITER_START = r'''
rm -f /run/{name}.*
cat >/run/{name}.sh <<'end'
/run/writer {options} >/run/{name}.out 2>/run/{name}.err &
echo $! >/run/{name}.pid; wait $!; echo $? >/run/{name}.status
end
setsid sh /run/{name}.sh >/dev/null 2>&1 </dev/null &
'''

# What a transfer moves from one account to another, all of it or nothing. Now and then the
# bank says what all accounts hold together.
ACCOUNTS, EACH = 200, 1000
BANK_START = r'''
cd {folder}
sqlite3 bank.db "PRAGMA synchronous=FULL; CREATE TABLE account(id INTEGER PRIMARY KEY,
    sum INTEGER);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {accounts})
    INSERT INTO account SELECT i, {each} FROM n;"
cat >/run/bank.awk <<'end'
BEGIN {{
    srand(); print "PRAGMA synchronous=FULL; PRAGMA busy_timeout=60000;"
    while (1) {{
        sum = int(rand() * 50)
        printf "BEGIN IMMEDIATE; UPDATE account SET sum = sum - %d WHERE id = %d; " \
               "UPDATE account SET sum = sum + %d WHERE id = %d; " \
               "COMMIT;\n",
               sum, 1 + int(rand() * {accounts}), sum, 1 + int(rand() * {accounts})
        if (++count % 10 == 0)
            print "SELECT 'sum', sum(sum) FROM account;"
    }}
}}
end
cat >/run/bank.sh <<'end'
mkfifo /run/bank.sql 2>/dev/null
awk -f /run/bank.awk >/run/bank.sql 2>/dev/null &
awk=$!
sqlite3 -bail {folder}/bank.db </run/bank.sql >/run/bank.log 2>/run/bank.out &
echo $awk $! >/run/bank.pid
wait $!
echo $? >/run/bank.status
end
rm -f /run/bank.status
setsid sh /run/bank.sh >/dev/null 2>&1 </dev/null &
'''
# SQLite counts the changes of a file in its header, at byte 24.
BANK_AT = ("dd if={folder}/bank.db bs=4 skip=6 count=1 2>/dev/null | od -An -tu1 | "
           "awk '{{ print (($1 * 256 + $2) * 256 + $3) * 256 + $4 }}'")
# Its last line may be half a line.
SUMS = ("sed '$d' /run/bank.log | grep sum | sort -u; "
        "cat /run/bank.status /run/bank.out 2>/dev/null || true")
AUDIT = ('sqlite3 {folder}/bank.db "SELECT \'sum\', sum(sum) FROM account; '
         'PRAGMA integrity_check;"')
GOOD_SUM = "sum|%d" % (ACCOUNTS * EACH)


class Writer:
    """One process of the writer, a program that the caller has pushed to WRITER.

    Its log has a line for each 100 ms: time of day in ms, operations done, the longest of
    them and the oldest under way in us, then sums: operations, lost, corrupt, errors.
    """

    def __init__(self, machine, name, device, *options, domain="app"):
        self.machine, self.name, self.device, self.domain = machine, name, device, domain
        self.log = "/run/%s.log" % name
        self.options = ["--blocks", str(BLOCKS), "--threads", str(THREADS),
                        "--log", self.log, *options, device]

    def start(self):
        self.machine.sh(self.domain, WRITER_START.format(name=self.name,
                                                         options=" ".join(self.options)))
        if not self.machine.wait_until(self.domain, "[ -s %s -o -s /run/%s.status ]"
                                       % (self.log, self.name), START_S):
            raise CommandError("%s does not begin" % self.name)

    def look(self, since=0):
        """(time of its last line in ms, operations, longest since in us, lost, corrupt,
        errors)."""
        return looks([self], since)[0]

    def look_script(self, since):
        return ("awk '$1 >= %d { if ($3 > l) l = $3; if ($4 > l) l = $4 } "
                "END { print $1, $5, l + 0, $6, $7, $8 }' %s" % (since, self.log))

    def stop(self):
        """Have it check everything; return its last words, and what it complained of."""
        self.machine.sh(self.domain, "kill -TERM $(cat /run/%s.pid) || true" % self.name)
        if not self.machine.wait_until(self.domain, "[ -s /run/%s.status ]" % self.name, STOP_S):
            raise CommandError("%s does not end" % self.name)
        out = self.machine.sh(self.domain, "cat /run/%s.out; echo; cat /run/%s.err"
                              % (self.name, self.name))
        first, _, said = out.partition("\n")
        try:
            return json.loads(first), said.strip()
        except json.JSONDecodeError:
            return {"lost": 0, "corrupt": 0, "errors": 1}, out


def looks(writers, since=0):
    """Writer.look() of each of some of one domain, at once."""
    script = "\n".join(w.look_script(since) for w in writers)
    text = writers[0].machine.sh(writers[0].domain, script, timeout=180)
    return [[int(word) for word in line.split()] for line in text.splitlines()]


class Bank:
    """SQLite in a folder, moving money between accounts, every transaction flushed."""

    def __init__(self, machine, folder, domain="app"):
        self.machine, self.folder, self.domain = machine, folder, domain

    def start(self):
        self.machine.sh(self.domain, BANK_START.format(folder=self.folder, accounts=ACCOUNTS,
                                                       each=EACH))

    def at(self):
        """A number that grows with every transaction."""
        return int(self.machine.sh(self.domain, BANK_AT.format(folder=self.folder)))

    def goes_on(self, seconds):
        """Wait for some more transactions; False if they do not come."""
        look = "$(%s)" % BANK_AT.format(folder=self.folder)
        return self.machine.wait_until(self.domain, "[ %s -gt $((${had:=%s} + 2)) ]"
                                       % (look, look), seconds)

    def wrong(self):
        """What is wrong with it while it runs, "" if nothing."""
        said = self.machine.sh(self.domain, SUMS).strip()
        return "" if said in ("", GOOD_SUM) else "bank: " + said

    def stop(self):
        """End it and look at every page of it: what is wrong, "" if nothing.

        It is killed, as hundreds of transactions may wait in the pipe; so the audit begins
        with undoing half a transaction.
        """
        wrong = self.wrong()
        self.machine.sh(self.domain, "kill $(cat /run/bank.pid)")
        if not self.machine.wait_until(self.domain, "[ -s /run/bank.status ]", STOP_S):
            wrong += " bank: does not end"
        status, out = self.machine.try_sh(self.domain, AUDIT.format(folder=self.folder),
                                          timeout=240)
        if status or out.split() != [GOOD_SUM, "ok"]:
            wrong += " bank: " + out.strip()
        return wrong.strip()
