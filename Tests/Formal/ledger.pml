/* The heart of the ledger protocol for spin: session, fence, grant, report and reclaim, under loss, duplication, reordering, a crash
   and a new leader. Checked exhaustively: whatever happens in whichever order, no more is spent than the budget.

   What is bounded, so that every state is visited: one account of BUDGET units, one holder that starts at most SESSIONS times, one
   unit for each grant, mark and spend; two leaders, of which the first goes on as a zombie; channels of two messages, of
   which any may be lost, doubled or overtaken. Time is left out: a lease is valid, and at some instant it is not; the margin of the
   fence is that whoever gave a lease says so only after the holder. A leader knows the leases that it gave itself; of one that another
   gave later it knows nothing, and who takes over counts those of the one before in full. What becomes of claims, windows, brokers
   and the database's tail is the simulator's to show.

   Each guard can be taken out; spin must then find a schedule that breaks an assertion:
     -DNO_MARGIN        the root fences while the holder still counts its lease as valid
     -DNO_EPOCH         a leader that was replaced, and hears no renewals, fences all the same
     -DNO_RECOUNT       a leader that takes over counts only the leases that it gave itself
     -DNO_IDEMPOTENCY   a report is added instead of maximised
     -DNO_DURABLE       a mark is used before it is on the disk
     -DNO_FINALITY      what is unreported is freed at the fence, without the journal's word */

#ifndef BUDGET
#define BUDGET 3
#endif
#ifndef SESSIONS
#define SESSIONS 2
#endif

mtype = { request, grant, report, closing };

chan up = [2] of { mtype, byte, byte };
chan down = [2] of { mtype, byte, byte };

/* By session. What the root has in its database. */
byte granted[SESSIONS], settled[SESSIONS], drawn[SESSIONS];
byte state[SESSIONS];    /* 0 open, 1 fenced, 2 closed */
/* The holder's journal, which outlives it. */
byte durable[SESSIONS], billed[SESSIONS];
/* What it spent, as the world knows. */
byte used[SESSIONS];
bool valid[SESSIONS];    /* the lease, as the holder counts it */
byte given[SESSIONS];    /* the leader that gave or renewed it last */
byte current;            /* the holder's session */
byte held, written, usable;
byte leader;             /* as the leadership row has it; the first one does not know when it is replaced */
byte spent;

/* Whether whoever leads has counted a lease out. */
#ifdef NO_MARGIN
#define COUNTED_OUT(s) true
#else
#ifdef NO_RECOUNT
#define COUNTED_OUT(s) (!valid[s] || given[s] != leader)
#else
#define COUNTED_OUT(s) (!valid[s])
#endif
#endif
/* The same of the first leader, when another leads: it hears of no renewal. */
#define COUNTED_OUT_BY_ZOMBIE(s) (leader == 1 && (!valid[s] || given[s] == 1))

inline free_now() {
  free = BUDGET;
  byte s = 0;
  do
  :: s < SESSIONS ->
     if
     :: state[s] == 2 -> free = free - drawn[s]
#ifdef NO_FINALITY
     :: state[s] == 1 -> free = free - settled[s]
     :: state[s] == 0 -> free = free - granted[s]
#else
     :: state[s] != 2 -> free = free - granted[s]
#endif
     fi;
     s++
  :: else -> break
  od;
  s = 0
}

active proctype Root() {
  byte who, sum;
  int free;
end:
  do
  :: atomic { up?request(who, sum) ->
       free_now();
       if
       :: state[who] == 0 && free > 0 && sum > granted[who] -> granted[who]++
       :: else
       fi;
       /* Said again, it is the same sum; where there is no room it is lost. */
       if
       :: nfull(down) -> down!grant(who, granted[who])
       :: full(down)
       fi;
       who = 0; sum = 0; free = 0 }
  :: atomic { up?report(who, sum) ->
#ifdef NO_IDEMPOTENCY
       settled[who] = settled[who] + sum;
#else
       if :: sum > settled[who] -> settled[who] = sum :: else fi;
#endif
       assert(settled[who] <= used[who]);
       who = 0; sum = 0 }
  :: atomic { up?closing(who, sum) ->
       if :: state[who] == 1 -> state[who] = 2; drawn[who] = sum :: else fi;
       who = 0; sum = 0 }
  /* The leader's count of a lease has ended. */
  :: atomic { state[0] == 0 && COUNTED_OUT(0) -> state[0] = 1 }
  :: atomic { SESSIONS > 1 && state[SESSIONS - 1] == 0 && current == SESSIONS - 1 && COUNTED_OUT(SESSIONS - 1) ->
       state[SESSIONS - 1] = 1 }
  /* Another one leads: it counts every lease in full. The first one goes on counting what it knew; the row refuses what it says. */
  :: atomic { leader == 0 -> leader = 1 }
#ifdef NO_EPOCH
  :: atomic { state[0] == 0 && COUNTED_OUT_BY_ZOMBIE(0) -> state[0] = 1 }
  :: atomic { SESSIONS > 1 && state[SESSIONS - 1] == 0 && current == SESSIONS - 1 &&
       COUNTED_OUT_BY_ZOMBIE(SESSIONS - 1) -> state[SESSIONS - 1] = 1 }
#endif
  od
}

/* One process at a time; a crash takes what was not durable. */
active proctype Holder() {
  byte who, sum;
  valid[0] = true;
end:
  do
  :: atomic { held < BUDGET && nfull(up) && valid[current] -> up!request(current, held + 1) }
  :: atomic { down?grant(who, sum) ->
       if :: who == current && sum > held -> held = sum :: else fi;
       who = 0; sum = 0 }
  :: atomic { written == durable[current] && written < held && valid[current] -> written++ }
  /* Durable, and the fence is looked at behind that: only then may it be used, and then whenever. */
  :: atomic { durable[current] < written ->
       durable[current] = written;
       if :: valid[current] -> usable = written :: else fi }
#ifdef NO_DURABLE
  :: atomic { used[current] < written -> used[current]++; spent++; assert(spent <= BUDGET) }
#else
  :: atomic { used[current] < usable -> used[current]++; spent++; assert(spent <= BUDGET) }
#endif
  :: atomic { billed[current] < used[current] -> billed[current]++ }
  :: atomic { billed[current] > settled[current] && nfull(up) -> up!report(current, billed[current]) }
  :: atomic { valid[current] -> valid[current] = false }
  /* It is renewed, by whoever leads. */
  :: atomic { valid[current] && state[current] == 0 && given[current] != leader -> given[current] = leader }
  :: atomic { current + 1 < SESSIONS ->
       valid[current] = false;
       current++;
       valid[current] = true;
       given[current] = leader;
       held = 0; written = 0; usable = 0 }
  od
}

/* Whoever reads the journal of a session that the root calls fenced: a restart, another disk's owner. */
active proctype Reader() {
end:
  do
  :: atomic { state[0] == 1 && nfull(up) -> up!closing(0, durable[0]) }
  :: atomic { SESSIONS > 1 && state[SESSIONS - 1] == 1 && nfull(up) ->
       up!closing(SESSIONS - 1, durable[SESSIONS - 1]) }
  od
}

/* Loses, doubles and overtakes. */
active proctype Network() {
  mtype kind;
  byte who, sum;
end:
  do
  :: atomic { up?kind(who, sum) -> kind = 0; who = 0; sum = 0 }
  :: atomic { down?kind(who, sum) -> kind = 0; who = 0; sum = 0 }
  :: atomic { nfull(up) && nempty(up) -> up?<kind, who, sum>; up!kind(who, sum); kind = 0; who = 0; sum = 0 }
  :: atomic { nfull(down) && nempty(down) ->
       down?<kind, who, sum>; down!kind(who, sum); kind = 0; who = 0; sum = 0 }
  :: atomic { len(up) == 2 -> up?kind(who, sum); up!kind(who, sum); kind = 0; who = 0; sum = 0 }
  od
}
