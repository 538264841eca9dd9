"""A runbook run as an operator runs it, by `paceline runbook run`: each step is answered when it is asked about, and what the record
has of it is read again."""
import os, re, select, subprocess

from fleet import clock, must, programs

prompt = b"Run it? [y/s/N] "
step_seconds = 180


class Step:
    def __init__(self, number, section, saying):
        self.number, self.section, self.saying = number, section, saying
        self.answer, self.status, self.printed, self.seconds = "s", None, "", 0.0


class Run:
    def __init__(self, fleet, name, variables, record):
        self.fleet, self.name, self.record = fleet, name, record
        self.environment = fleet.environment() | variables
        self.steps = []

    def run(self, answer, before):
        """`answer(step)` is y or s; `before(step)` happens in front of the answer."""
        process = subprocess.Popen(
            [f"{programs}/paceline", "runbook", "run", self.name, "--record", self.record], cwd=self.fleet.desk,
            env=self.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
        said, asked = b"", 0
        try:
            while True:
                ready, _, _ = select.select([process.stdout], [], [], clock.left(step_seconds))
                must(ready, f"runbook {self.name}: a step did not end within {step_seconds} s, or the day's time: {said[-300:].decode(errors='replace')}")
                more = os.read(process.stdout.fileno(), 65536)
                if not more:
                    break
                said += more
                if said.count(prompt) <= asked:
                    continue
                asked += 1
                head = re.findall(r"^Step (\d+) of \d+, ([^:]*): (.*)$", said.decode(errors="replace"), re.M)[-1]
                step = Step(int(head[0]), head[1], head[2])
                self.steps.append(step)
                before(step)
                step.answer = answer(step)
                process.stdin.write(step.answer.encode() + b"\n")
                process.stdin.flush()
            process.stdin.close()
            process.wait(10)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        must(self.steps, f"paceline runbook run {self.name}: {said.decode(errors='replace')}")
        self.read()

    def read(self):
        """What each step printed and how it ended, from the record: lines of ours begin with a time."""
        step = None
        for line in open(self.record, errors="replace"):
            ours = re.match(r"\S+Z (.*)", line)
            if ours and (found := re.match(r"step (\d+), ", ours[1])):
                step = next(one for one in self.steps if one.number == int(found[1]))
            elif ours and (found := re.match(r"step (\d+) ended with (\d+)", ours[1])):
                step.status, step = int(found[2]), None
            elif ours and re.match(r"step \d+ was skipped", ours[1]):
                step = None
            elif step is not None and not (ours and ours[1].startswith("  ")):
                step.printed += line
