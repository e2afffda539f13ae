/* SPDX-License-Identifier: GPL-2.0-or-later */
/* array.pml: one task of an array (spool(7)).
 * All tasks share one folder that stays in active/, so no folder's rename can decide between filing and revoking: the
 * durable marker <id>.<n>.revoked does.  Each attempt writes into its private folder ("inode" n); filing moves the private
 * folder and the output file into place: two renames, with a possible crash between them.
 *
 * A task is pending when it is not filed and no ticket of it is alive.  Alive: offered; claimed and not revoked; claimed,
 * revoked, and its runner neither has given it back nor been silent for a whole lease; done and not revoked. */

#define FOLDER(n) true
#include "runner.pml"

byte next = 1;			/* active/<id>.next: numbers below are burnt; written before the first use */
byte filed1 = 0, filed2 = 0;	/* attempt whose output file, whose private folder is in place */

#define SPENT(n) (tick[n]==DONE || tick[n]==BACK || tick[n]==VOID)
#define SEEN(n) (tick[n]!=NONE || mark[n])
#ifdef M_NUMBER
#define NEXTN ((N>2 && SEEN(N)) -> N+1 : (SEEN(2) -> 3 : (SEEN(1) -> 2 : 1)))
#else
#define NEXTN next
#endif
#ifdef M_HALFREVOKED		/* a marker alone frees the task */
#define HELDBY(n) (tick[n]==CLAIM && !mark[n])
#else
#define HELDBY(n) (tick[n]==CLAIM && !(mark[n] && EXPIRED(inbox[n])))
#endif
#ifdef M_VOIDDONE		/* a .done of a revoked n is filed */
#define GOOD(n) (tick[n]==DONE)
#else
#define GOOD(n) (tick[n]==DONE && !mark[n])
#endif
/* A number below "next" without a ticket: spent and swept, or its claim was removed by hand.  The coordinator cannot
 * tell (it keeps nothing), so it lets a whole lease pass; after that nobody executes it. */
#ifdef M_FORGOTTEN
#define KNOWN(k) true
#else
#define KNOWN(k) ((k)>=next || tick[k]!=NONE || QUIET(k))
#endif
#ifndef HANDB
#define HANDB 0			/* claims removed by hand */
#endif
byte handb = HANDB;
#define FINAL (filed2!=0 || next>N)

inline crash() { if :: ccb>0 -> ccb--; goto top :: skip fi }
inline look(k) {			/* one number, three looks in the order in which a ticket travels */
	v = v || tick[k]==OFFER;
	v = v || HELDBY(k);
	v = v || GOOD(k)
}

proctype coordinator()
{
	byte n, r; bit v;
top:	n=0; r=0; v=0;
end:	do
	/* offer, if a scan finds the task pending */
	:: filed2==0 && filed1==0 && NEXTN<=N && KNOWN(1) && KNOWN(2) && !(tick[1]==OFFER||HELDBY(1)||GOOD(1)||tick[2]==OFFER||HELDBY(2)||GOOD(2)
#if N>2
		||tick[3]==OFFER||HELDBY(3)||GOOD(3)||!KNOWN(3)
#endif
		) ->
		look(1); look(2);
#if N>2
		look(3);
#endif
		if :: v -> goto top :: else fi;
		atomic { n=NEXTN; PROMISE(no_number_twice, !used[n]); used[n]=1; next=n+1; nino[n]=n }
		crash();
		atomic { if :: r=0 :: n>1 -> r=1 fi; tick[n]=OFFER; inbox[n]=r; goto top }
	/* withdraw from a silent runner */
#define STEPS(k) \
	:: atomic { tick[k]==OFFER && EXPIRED(inbox[k]) -> tick[k]=VOID } \
	/* revoke: marker; the rest is the wait in HELDBY; the beat is read once more for it */ \
	:: atomic { tick[k]==CLAIM && !mark[k] && EXPIRED(inbox[k]) -> n=k } MARK; goto top \
	:: atomic { mark[k] && moved[inbox[k]] -> moved[inbox[k]]=0 } \
	/* file: the marker is looked for first, then two renames; a file in place is never replaced */ \
	:: atomic { GOOD(k) && filed1==0 && filed2==0 -> n=k } atomic { FILE1 } crash(); goto top \
	:: atomic { GOOD(k) && filed1!=0 && filed2==0 -> FILE2(k) } \
	/* slow lane */ \
	:: atomic { (tick[k]==BACK || tick[k]==VOID || (tick[k]==DONE && (!GOOD(k) || filed2!=0))) -> tick[k]=NONE } \
	:: atomic { tick[k]==CLAIM && mark[k] && EXPIRED(inbox[k]) -> tick[k]=NONE } \
	:: atomic { MARKGO(k) -> mark[k]=0 }
#define MARK mark[n]=1
#define FILE1 if :: GOOD(n) && filed1==0 -> filed1=n; PROMISE(results_of_one_attempt, content[n]==0 || content[n]==BIT(n)) :: else fi;
#define FILE2(k) filed2=k; pubino=nino[k]; PROMISE(results_of_one_attempt, filed1==k)
#ifdef M_MARKEARLY
#define MARKGO(k) mark[k] && tick[k]==CLAIM && next>k+1
#else
#define MARKGO(k) mark[k] && tick[k]==NONE
#endif
STEPS(1)
STEPS(2)
#if N>2
STEPS(3)
#endif
	od
}

proctype user()
{
end:	do
	:: atomic { handb>0 && tick[1]==CLAIM -> handb--; tick[1]=NONE }
	:: atomic { handb>0 && tick[2]==CLAIM -> handb--; tick[2]=NONE }
	od
}

proctype monitor()
{
end:	do
	:: timeout -> PROMISE(all_work_has_an_end, FINAL); break
	od
}

init {
	atomic {
		byte i;
		i=0; do :: i<R -> up[i]=1; i++ :: else -> break od;
		run runner(0); run runner(1); run network(); run user(); run monitor(); run coordinator()
	}
}
