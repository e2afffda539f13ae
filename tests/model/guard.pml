/* SPDX-License-Identifier: GPL-2.0-or-later */
/* guard.pml: of two coordinators on two machines at most one moves things (spool(7), "What the coordinator promises").
 *
 * What the two have in common is the file spool/coordinator, here "sign": the instance that it names, and whether that
 * says "at work".  Machine 0 is beside the disk: what it writes is done or not done when its coordinator dies.  Machine
 * 1 is an NFS client: a write may be applied at any time after it was sent, even when the sender is dead.
 *
 * The rules shown here:
 *   1. Who starts reads the sign and watches it for a lease; if it changes, it does not start.
 *   2. The first write replaces the file.  After it was acknowledged it writes nothing for PAUSE, then reads: its own
 *      name must be there.  Only then it goes on with rule 3.
 *   3. At each beat it reads the sign, by name, and if that is its own writes it anew, with "at work", into the file
 *      that it has made (or replaces it: -DREPLACE).  Such a read followed by an acknowledged write permits moving for
 *      PERMIT, counted from before the read.  (-DREPLACE: acknowledged later than that, it was a first write: rule 2.)
 *   4. Who reads another's name stops for good.  Who reads none (removed by hand) begins again with rule 2
 *      (and may move on while that write is under way, as long as the permission lasts).
 *   5. Short cut: a sign of the own machine that says "at work" needs neither watching nor pause, if the first write is
 *      acknowledged within PERMIT of the look: the local lock proves that instance dead, and nobody else has begun.
 *      (Not with -DREPLACE.)  -DUNUSED: the same for a sign that is missing, for the one who removes spool/unused, which
 *      a new share has.  -DNONEFREE: for a sign that is missing, if it is created exclusively; spoold does not do that.
 *
 * Assumptions.  A turn (from the look at the permission to the last effect of what is moved) takes at most TURN, and
 * PERMIT + TURN <= PAUSE.  Everything else takes any time at all: a coordinator may stand still between any two steps,
 * except inside a turn.  -DSTILL drops that: then a number can be handed out twice (expected), unless the name that
 * the folder gets when it is handed out carries the instance (-DNAMED).  Reading is fresh (beside the disk, or by
 * opening the folder by path).  All clocks count alike; nobody reads another's.
 *
 * -DNUMBERS looks at the consequence alone: a turn reads the number of a folder, renames it to the next one, looks, as
 * the coordinator does after any reply, and hands the number out.  -DTIMELY: the last look and the first write are one
 * step, and nobody who may move is displaced (rule 1 is for that alone: without it, rule 2 still keeps two apart). */
#include "promises.pml"

#ifndef PERMIT
#define PERMIT 2		/* lease/2 */
#endif
#ifndef TURN
#define TURN 1
#endif
#ifndef PAUSE
#define PAUSE 3
#endif
#ifndef LEASE
#define LEASE 4
#endif
#define MAX LEASE
#ifndef DEATHS
#define DEATHS 1		/* coordinators that die; a new instance starts on that machine */
#endif
#ifndef REMOVALS
#define REMOVALS 0		/* the sign is removed by hand */
#endif
#ifndef SIGN0
#define SIGN0 7			/* what the sign names at first: a third machine's coordinator that is dead; 1: machine 0 */
#endif
#define NUM 3

#define OFF 0
#define WATCH 1
#define FIRST 2			/* the first write is under way */
#define WAITS 3			/* after it */
#define IN 4
#define GONE 5			/* has refused to start, or has stopped for good */

byte sign = SIGN0;
bit atwork = (SIGN0==1);	/* what the sign says besides */
#ifdef UNUSED
bit unused = 1;			/* nobody has ever begun */
#endif
byte deaths = DEATHS, removals = REMOVALS;
byte ph[2], me[2];		/* me: the instance: odd on machine 0, even on machine 1 */
bit fresh[2];			/* the sign has changed since this one has looked */
bit excl[2];			/* first write that creates the file, and fails if there is one */
bit fast[2];			/* first write by the short cut */
byte fl[2];			/* a write: 0 none, 1 under way, 2 applied and not yet acknowledged */
bit flfirst[2];
byte flme[2];			/* the instance that sent it */
byte late = 0;			/* the write of a dead coordinator that may still be applied */
bit latefirst = 0;
byte seen[2];			/* how long it has watched, or waited after the first write */
byte la[2];			/* since before the look that precedes the write under way */
byte pa[2];			/* since the look that the permission counts from */
bit mv[2];			/* in the middle of a turn */
byte mage[2];			/* since its begin */
byte fn = 0;			/* the number in the folder's name */
byte fby = 0;			/* whose name it carries (-DNAMED) */
bit handed[NUM+1];

#define UP(x) x = (x<MAX -> x+1 : x)
#define OTHER(c) (1-(c))
#define MACHINE(s) (1-((s)&1))	/* 7, the dead one, is a machine of its own */
#define OWN(c) (sign!=0 && sign!=7 && MACHINE(sign)==(c))
#if defined(REPLACE) && !defined(M_SHORTCUT)
#define SHORTCUT(c) false
#elif defined(M_ATWORK)		/* any sign of the own machine will do */
#define SHORTCUT(c) OWN(c)
#elif defined(UNUSED)
#define SHORTCUT(c) ((OWN(c) && atwork) || (sign==0 && unused))
#elif defined(NONEFREE)
#define SHORTCUT(c) ((OWN(c) && atwork) || sign==0)
#else
#define SHORTCUT(c) (OWN(c) && atwork)
#endif
#ifdef M_SLOWCUT		/* however late the write is acknowledged */
#define QUICK(c) fast[c]
#else
#define QUICK(c) (fast[c] && la[c]<PERMIT)
#endif
#ifdef M_NOLIMIT
#define MAY(c) (ph[c]==IN)
#else
#define MAY(c) ((ph[c]==IN || ph[c]==FIRST) && pa[c]<PERMIT)	/* at the start pa is MAX */
#endif
#ifdef NAMED
#define MINE(c) (fby==me[c])
#else
#define MINE(c) true
#endif
#ifdef STILL
#define ENDS(c) true
#else
#define ENDS(c) (!mv[c] || mage[c]<TURN)
#endif
#ifdef TIMELY			/* the last look and the first write are one step (for the promise about displacing) */
#define PROMPT(c) sign=me[c]; atwork=0; fresh[OTHER(c)]=1; fl[c]=2; \
	PROMISE(who_moves_is_not_displaced, !MAY(OTHER(c)))
#else
#define PROMPT(c) skip
#endif

proctype clock()
{
end:	do
	:: atomic { ENDS(0) && ENDS(1) ->
		UP(seen[0]); UP(seen[1]); UP(la[0]); UP(la[1]); UP(pa[0]); UP(pa[1]); UP(mage[0]); UP(mage[1]) }
	od
}

inline send(c, first) { fl[c]=1; flme[c]=me[c]; flfirst[c]=first; la[c]=0 }

proctype coordinator(byte c)
{
	byte k;
end:	do
	/* 1: start */
	:: atomic { ph[c]==OFF -> seen[c]=0; fresh[c]=0; fast[c]=0; pa[c]=MAX;
		if
		:: SHORTCUT(c) -> fast[c]=1; send(c, 1); ph[c]=FIRST;
#ifdef NONEFREE
			excl[c]=(sign==0)
#elif defined(UNUSED) && !defined(M_UNUSEDSTAYS)
			unused=0
#else
			skip
#endif
		:: else -> ph[c]=WATCH
		fi }
#ifdef M_NOWATCH
	:: atomic { ph[c]==WATCH -> send(c, 1); ph[c]=FIRST; PROMPT(c) }
#else
	:: atomic { ph[c]==WATCH && fresh[c] -> ph[c]=GONE }
	:: atomic { ph[c]==WATCH && !fresh[c] && seen[c]>=LEASE -> send(c, 1); ph[c]=FIRST; PROMPT(c) }
#endif
	/* 2: what is there after the pause */
	:: atomic { ph[c]==WAITS && seen[c]>=PAUSE ->
		if
#ifdef M_NONEISMINE		/* a sign that is missing says nothing against it */
		:: sign==me[c] || sign==0 -> ph[c]=IN; send(c, 0)
#else
		:: sign==me[c] -> ph[c]=IN; send(c, 0)
		:: sign==0 -> send(c, 1); ph[c]=FIRST
#endif
		:: sign!=me[c] && sign!=0 -> ph[c]=GONE
		fi }
	/* 3 and 4: a beat */
	:: atomic { ph[c]==IN && fl[c]==0 ->
		if
#ifdef M_BLIND			/* renews without reading before */
		:: send(c, 0)
#else
		:: sign==me[c] -> send(c, 0)
#ifdef M_GOESON			/* reads another's name and goes on */
		:: sign!=me[c] && sign!=0 -> send(c, 0)
#else
		:: sign!=me[c] && sign!=0 -> ph[c]=GONE; pa[c]=MAX
#endif
		:: sign==0 -> send(c, 1); ph[c]=FIRST
#endif
		fi }
	/* a turn */
	:: atomic { MAY(c) -> mv[c]=1; mage[c]=0; k=fn;
#ifndef NUMBERS
		PROMISE(never_two_that_move, !mv[OTHER(c)])
#endif
		}
#ifdef NUMBERS
		atomic { if :: mv[c] && fn==k && k<NUM -> fn=k+1; fby=me[c] :: else fi }
		atomic { if
			:: mv[c] && k<NUM && fn==k+1 && MINE(c) -> PROMISE(no_number_twice, !handed[fn]); handed[fn]=1
			:: else
			fi; k=0; mv[c]=0 }
#else
		atomic { k=0; mv[c]=0 }
#endif
	od
}

/* A write is applied.  A renewal goes into the file that this instance has made, seen or not. */
inline APPLY(who, first, watcher) {
	if
#ifndef REPLACE
	:: !(first) && sign==who -> atwork=1; fresh[watcher]=1
	:: !(first) && sign!=who
	:: first -> sign=who; atwork=0; fresh[watcher]=1
#else
	:: sign=who; atwork=!(first); fresh[watcher]=1
#endif
	fi
}

proctype lane(byte c)		/* what was written is applied, and then acknowledged */
{
end:	do
#ifdef NONEFREE
#ifndef M_SHAREDNEW
	:: atomic { fl[c]==1 && excl[c] && sign!=0 -> fl[c]=0; flme[c]=0; excl[c]=0; ph[c]=OFF }
#endif
#endif
#ifdef M_SHAREDNEW		/* a new sign is put there like any other: over what may have come meanwhile */
	:: atomic { fl[c]==1 ->
#else
	:: atomic { fl[c]==1 && !(excl[c] && sign!=0) ->
#endif
		excl[c]=0;
		APPLY(flme[c], flfirst[c], OTHER(c));
		fl[c] = 2 }
	:: atomic { fl[c]==2 -> fl[c]=0; flme[c]=0;
		if
		:: ph[c]==FIRST ->
			if
#ifdef M_NOPAUSE
			:: ph[c]=IN; pa[c]=la[c]
#else
			:: QUICK(c) -> ph[c]=IN; pa[c]=la[c]
			:: else -> ph[c]=WAITS; seen[c]=0
#endif
			fi; fast[c]=0
#ifdef M_TSACK			/* the permission counts from the acknowledgement */
		:: ph[c]==IN -> pa[c]=0
#else
#if defined(REPLACE) && !defined(M_LAPSE)
		:: ph[c]==IN && la[c]<PERMIT -> pa[c]=la[c]
		:: ph[c]==IN && la[c]>=PERMIT -> ph[c]=WAITS; seen[c]=0; pa[c]=MAX
#else
		:: ph[c]==IN -> pa[c]=la[c]
#endif
#endif
		:: else
		fi; flfirst[c]=0; la[c]=0 }
	od
}

proctype trouble()
{
end:	do
	:: atomic { deaths>0 && ph[0]!=OFF && ph[0]!=GONE && me[0]<5 -> deaths--; ph[0]=OFF; me[0]=me[0]+2; mv[0]=0; pa[0]=MAX;
		fl[0]=0; flme[0]=0; flfirst[0]=0 }
	:: atomic { deaths>0 && ph[1]!=OFF && ph[1]!=GONE && me[1]<5 -> deaths--; ph[1]=OFF; me[1]=me[1]+2; mv[1]=0; pa[1]=MAX;
		if
		:: fl[1]==1 -> late=flme[1]; latefirst=flfirst[1]
		:: else
		fi; fl[1]=0; flme[1]=0; flfirst[1]=0 }
	/* what a dead coordinator had sent to the server */
	:: atomic { late!=0 -> APPLY(late, latefirst, 0); late=0; latefirst=0 }
	:: atomic { removals>0 && sign!=0 -> removals--; sign=0; atwork=0; fresh[0]=1; fresh[1]=1 }
	od
}

init {
	atomic {
		me[0]=1; me[1]=2; pa[0]=MAX; pa[1]=MAX;
		run clock(); run coordinator(0); run coordinator(1); run lane(0); run lane(1); run trouble()
	}
}
