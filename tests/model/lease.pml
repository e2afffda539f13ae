/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lease.pml: freeze, thaw and revocation with a clock (spool(7)).  I2 only.
 *
 * One runner that executes attempt n, its watchdog, and the coordinator that revokes n and then starts n+1 elsewhere
 * (started = 1: from then on n must never run again, not for an instant).
 * The clock is "tick": one unit passes for everybody.  Ages are counted up to MAX and stay there.  Nobody reads another
 * host's clock: the runner measures from the moment before it sent a beat, the coordinator from the moment it saw one.
 * Messages, looks and steps take any time at all.  The only promise about speed is the watchdog's: it freezes at the latest
 * MARGIN after FREEZE (a tick that would break this is not possible).  A whole machine that stands still (SIGSTOP to
 * the watchdog, a paused virtual machine) is outside of this promise.
 *
 * A beat is the pair (instance, counter); only "changed or not" matters, so applying one sets fresh=1. */

#include "promises.pml"

#ifndef FREEZE
#define FREEZE 2
#endif
#ifndef MARGIN
#define MARGIN 1
#endif
#ifndef LEASE
#define LEASE 4			/* FREEZE + MARGIN < LEASE */
#endif
#define MAX (LEASE+1)
#ifndef BEATS
#define BEATS 4			/* beats sent in all */
#endif
#ifndef CRASHES
#define CRASHES 1		/* coordinator */
#endif
#ifndef RESTARTS
#define RESTARTS 1		/* runner daemon: the new instance adopts the live job */
#endif

/* runner host */
bit alive = 0, frz = 0;		/* the job's processes exist; they are frozen */
bit claimed = 0, killed = 0;
bit mem = 1;			/* the daemon knows of the job (a new instance does not yet) */
byte age = 0;			/* since ts of the last acknowledged beat */
byte sage = 0;			/* since ts of the beat under way */
byte flight = 0;		/* 0 none, 1 sent, 2 applied at the server, 3 applied and acknowledged */
bit okthaw = 0;			/* the daemon has looked since the last acknowledged beat: watchdog may start or thaw */
byte beats = BEATS, crashes = CRASHES, restarts = RESTARTS;
/* share */
bit fresh = 0;			/* beat differs from what the coordinator has read last */
bit mark = 0, ackd = 0, moved = 0;	/* .revoked; ticket is .back; folder is in lost/ */
/* coordinator */
byte seen = 0;			/* since it saw the beat change, or since its own start */
bit started = 0;

#define RUNNING (alive && !frz)
#define UP(x) x = (x<MAX -> x+1 : x)
#define SAFE PROMISE(never_two_that_run, !(RUNNING && started))

proctype clock()
{
end:	do
	:: atomic { !(RUNNING && age+1 > FREEZE+MARGIN) -> UP(age); UP(sage); UP(seen) }
	od
}

proctype watchdog()
{
end:	do
	:: atomic { alive && !frz && age>=FREEZE -> frz=1 }
#ifdef M_DEADLINE		/* the permission is good for ever */
	:: atomic { alive && frz && okthaw -> okthaw=0; frz=0; SAFE }
#else
	:: atomic { alive && frz && okthaw && age<FREEZE -> okthaw=0; frz=0; SAFE }
#endif
	:: atomic { okthaw && age>=FREEZE -> okthaw=0 }
	/* starting needs the same permission */
#ifdef M_STARTLATE
	:: atomic { claimed && !alive && !killed -> alive=1; okthaw=0; SAFE }
#else
	:: atomic { claimed && !alive && !killed && okthaw && age<FREEZE -> alive=1; okthaw=0; SAFE }
#endif
	od
}

proctype daemon()
{
	bit l;
end:	do
	/* one thread sends beats: ts, send, (server applies), acknowledgement */
	:: atomic { flight==0 && beats>0 && !killed -> beats--; flight=1; sage=0 }
	:: atomic { flight==1 -> flight=2; fresh=1 }
	:: atomic { flight==2 -> flight=3;
#ifdef M_TSACK			/* ts taken when the acknowledgement comes */
		age=0
#else
		age=sage
#endif
		;
#ifndef M_OLDLOOK		/* a look belongs to the beat before it; a later beat needs a look of its own */
		okthaw=0;
#endif
#ifdef M_THAWACK		/* acknowledged is enough */
		okthaw=1
#endif
#ifdef M_LOOKFIRST		/* a look made before the acknowledgement counts */
		okthaw=l
#endif
		}
#ifdef M_LOOKFIRST
	:: atomic { flight==1 && frz -> l=!mark }
#endif
	:: atomic { flight==3 && !(frz && alive) -> flight=0 }
	/* claim: winning the rename is a look of its own.  The watchdog starts the job (above); before that, looks may be repeated. */
	:: atomic { !claimed && !mark && !moved -> claimed=1; okthaw=1 }
	:: atomic { claimed && !alive && !killed && !okthaw && mem ->
		if
		:: mark || moved -> killed=1
		:: else -> okthaw=1
		fi }
	/* the look at the inbox that thawing needs; between look and thaw any time may pass */
	:: atomic { flight==3 && frz && alive && mem ->
		if
		:: mark || moved -> alive=0; frz=0; killed=1; okthaw=0
		:: else -> okthaw=1
		fi; flight=0 }
	/* the ordinary look of each tick; killing is acknowledged by renaming the ticket */
	:: atomic { alive && !frz && mem && (mark || moved) -> alive=0; killed=1; okthaw=0 }
	:: atomic { killed && !alive && !ackd && !moved -> ackd=1 }
	/* death of the daemon: watchdog and job live on; the beat under way may still be applied or not */
	:: atomic { restarts>0 && mem && alive -> restarts--; mem=0; okthaw=0;
		if
		:: flight==1 -> if :: fresh=1 :: skip fi
		:: else
		fi; flight=0 }
	/* the new instance sends beats (above), and adopts only by the rule for thawing */
#ifdef M_ADOPT			/* adopts and thaws at once */
	:: atomic { !mem -> mem=1; frz=0; age=0; SAFE }
#else
	:: atomic { !mem && flight==3 ->
		if
		:: mark || moved -> alive=0; frz=0; killed=1; okthaw=0
		:: else -> okthaw=1
		fi; mem=1; flight=0 }
#endif
	od
}

proctype coordinator()
{
	bit again;
end:	do
	:: atomic { !started && fresh -> fresh=0; seen=0; again=0 }
	:: atomic { crashes>0 && !started -> crashes--; again=0;
#ifdef M_NOGRACE		/* just started: has never seen a beat, takes the runner for silent */
		seen=LEASE
#else
		seen=0
#endif
		}
	/* silent for a lease: marker; beat once more; folder to lost/ */
	:: atomic { !started && seen>=LEASE && !mark -> mark=1; again=1 }
#ifdef M_NOREREAD
	:: atomic { again && mark && !moved -> moved=1 }
#else
	:: atomic { again && mark && !moved && !fresh -> moved=1 }
#endif
	/* it moved after the marker (or the coordinator has restarted): acknowledgement, or another whole lease without a beat */
	:: atomic { mark && !moved && ackd -> moved=1 }
#ifdef M_SECONDLEASE		/* another lease by the clock, although beats come in */
	:: atomic { mark && !moved && !again && seen>=1 -> moved=1 }
#else
	:: atomic { mark && !moved && !again && seen>=LEASE && !fresh -> moved=1 }
#endif
	:: atomic { moved && !started -> started=1; SAFE }
	od
}

init { atomic { run clock(); run watchdog(); run daemon(); run coordinator() } }
