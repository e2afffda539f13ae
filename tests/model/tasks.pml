/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tasks.pml: two tasks of an array at once, on runners with two slots each.
 *
 * What one task meets is in array.pml.  Here is what several have in common: the folder; the numbers, which are drawn
 * for all tasks from active/<id>.next; the runner, whose silence freezes all its jobs, and whose one look at the inbox
 * has to judge each of them; and the end of the folder, when the last task is filed.
 *
 * Each attempt works in a private folder below the job's.  That of an attempt that is not filed goes to lost/ before
 * the job's folder goes to done/, so that late writes of a frozen or dying attempt reach nothing that is finished.
 *
 * Assumptions: as in runner.pml (EXPIRED: frozen, or dead, and no beat for a whole lease).  Left out here, because one
 * piece of work shows it: late renames, stale names, the two renames of filing. */
#include "promises.pml"

#ifndef N
#define N 3			/* numbers in all */
#endif
#define R 2
#define T 2
#ifndef SLOTS
#define SLOTS 2
#endif
#ifndef FRZB
#define FRZB 1			/* silences */
#endif
#ifndef CRB
#define CRB 1			/* deaths of a runner daemon, whose jobs live on, or of its host */
#endif
#ifndef RSB
#define RSB 1			/* restarts */
#endif
#ifndef CCB
#define CCB 1			/* deaths of the coordinator */
#endif

#define NONE 0
#define OFFER 1
#define CLAIM 2
#define DONE 3
#define BACK 4
#define VOID 5
byte tick[N+1], inbox[N+1], ttask[N+1];	/* ttask is in the ticket: known as long as that is there */
bit mark[N+1];
byte next = 1, filed[T+1];	/* filed: the attempt whose results a task has got */
bit ended;			/* the job's folder is in done/ */
bit inside[N+1];		/* the private folder of this attempt lies in the job's folder */
bit pend[N+1];			/* something that this attempt has written is not on the disk yet */

#define IDLE 0
#define HELD 1
#define RUN 2
#define OVER 3
#define GIVE 4
byte st[R*(N+1)];		/* what runner r has to do with number n */
#define ST(r,n) st[(r)*(N+1)+(n)]
bit up[R], frz[R], moved[R];
byte ph[R];			/* frozen: 0 silent, 1 a later beat is acknowledged, 2 looked: may thaw */
byte frzb = FRZB, crb = CRB, rsb = RSB, ccb = CCB;
bit used[N+1];

#define BUSY(r) ((ST(r,1)!=IDLE)+(ST(r,2)!=IDLE)+(ST(r,3)!=IDLE))
#define LIVES(r) (ST(r,1)==RUN || ST(r,2)==RUN || ST(r,3)==RUN)
#define EXPIRED(r) (moved[r]==0 && ((!up[r] && (!LIVES(r) || frz[r])) || (frz[r] && ph[r]==0)))
#define EXEC(n) ((ST(0,n)==RUN && !frz[0]) || (ST(1,n)==RUN && !frz[1]))
#define ALSO(n,k) ((k)!=(n) && ttask[k]==ttask[n] && EXEC(k))
#define ALONE(n) (!ALSO(n,1) && !ALSO(n,2) && !ALSO(n,3))
#define QUIET1(r,n) (ST(r,n)==IDLE || (frz[r] && ph[r]==0 && moved[r]==0))
#define QUIET(n) (QUIET1(0,n) && QUIET1(1,n))
#define HELDBY(n) (tick[n]==CLAIM && !(mark[n] && EXPIRED(inbox[n])))
#define GOOD(n) (tick[n]==DONE && !mark[n])
#define ALIVE(n,t) (ttask[n]==(t) && (tick[n]==OFFER || HELDBY(n) || GOOD(n)))
#define KNOWN(k) ((k)>=next || tick[k]!=NONE || QUIET(k))
#define PENDING(t) (filed[t]==0 && !ALIVE(1,t) && !ALIVE(2,t) && !ALIVE(3,t))
#define ALLFILED (filed[1]!=0 && filed[2]!=0)
#define MINE(r,n) (tick[n]==CLAIM && inbox[n]==(r))

inline crash() { if :: ccb>0 -> ccb--; goto top :: skip fi }

#ifdef M_ONEFORALL		/* one claim that is in order thaws all */
#define STAYS(r,n) (tick[n]==CLAIM && !mark[n] || MINE(r,1) && !mark[1] || MINE(r,2) && !mark[2] || MINE(r,3) && !mark[3])
#else
#define STAYS(r,n) (tick[n]==CLAIM && !mark[n])
#endif
inline judge(r, n) {		/* a look at the inbox, for one number */
	if
	:: ST(r,n)==RUN && !STAYS(r,n) -> ST(r,n)=(MINE(r,n) -> GIVE : IDLE)
	:: else
	fi
}

proctype runner(byte r)
{
end:	do
#define STEPS(n) \
	:: atomic { up[r] && !frz[r] && tick[n]==OFFER && inbox[n]==r && BUSY(r)<SLOTS -> tick[n]=CLAIM; ST(r,n)=HELD } \
	:: atomic { up[r] && !frz[r] && ST(r,n)==HELD -> \
		if \
		:: MINE(r,n) && mark[n] -> ST(r,n)=GIVE \
		:: MINE(r,n) && !mark[n] -> ST(r,n)=RUN; inside[n]=1; pend[n]=1; PROMISE(never_two_that_run, ALONE(n)) \
		:: else -> ST(r,n)=IDLE \
		fi } \
	:: atomic { up[r] && ST(r,n)==RUN && !frz[r] -> pend[n]=0; ST(r,n)=OVER } \
	:: atomic { up[r] && ST(r,n)==OVER -> tick[n]=(MINE(r,n) -> DONE : tick[n]); ST(r,n)=IDLE } \
	:: atomic { up[r] && ST(r,n)==GIVE -> tick[n]=(MINE(r,n) -> BACK : tick[n]); ST(r,n)=IDLE } \
	:: atomic { up[r] && ST(r,n)==RUN && !frz[r] && (tick[n]!=CLAIM || mark[n]) -> judge(r, n) } \
	/* of the former instance: adopted if it lives (RUN stays RUN), else given back */ \
	:: atomic { up[r] && ST(r,n)==IDLE && MINE(r,n) -> ST(r,n)=GIVE }
STEPS(1)
STEPS(2)
STEPS(3)
	/* silence freezes all of them; a beat, a look that judges each, and all go on */
	:: atomic { !frz[r] && ((up[r] && frzb>0) || (!up[r] && LIVES(r))) ->
		if
		:: up[r] -> frzb--
		:: else
		fi; frz[r]=1; ph[r]=0 }
	:: atomic { up[r] && frz[r] && ph[r]==0 -> moved[r]=1; ph[r]=1 }
	:: atomic { up[r] && frz[r] && ph[r]==1 -> judge(r, 1); judge(r, 2); judge(r, 3); ph[r]=2 }
	:: atomic { up[r] && frz[r] && ph[r]==2 -> frz[r]=0; ph[r]=0;
		PROMISE(never_two_that_run, (ST(r,1)!=RUN || ALONE(1)) && (ST(r,2)!=RUN || ALONE(2)) && (ST(r,3)!=RUN || ALONE(3))) }
	/* the daemon dies (its jobs live on, the permission to thaw does not), or the host */
	:: atomic { crb>0 && up[r] -> crb--; up[r]=0; ph[r]=0;
#define DIES(n) if \
		:: ST(r,n)!=RUN || host -> ST(r,n)=IDLE \
		:: else \
		fi;
		bit host;
		if :: host=0 :: host=1 fi;
		DIES(1) DIES(2) DIES(3)
		host=0 }
	:: atomic { !up[r] && rsb>0 -> rsb--; up[r]=1; moved[r]=1 }
	od
}

proctype coordinator()
{
	byte n, t, r;
top:	n=0; t=0; r=0;
end:	do
	:: atomic { next<=N && KNOWN(1) && KNOWN(2) && KNOWN(3) && (PENDING(1) || PENDING(2)) ->
		if :: PENDING(1) -> t=1 :: PENDING(2) -> t=2 fi;
#ifdef M_COUNTS			/* counted up per task from what its tickets show */
		n=1; do :: n<N && tick[n]!=NONE && ttask[n]==t -> n++ :: else -> break od;
#else
		n=next;
#endif
		PROMISE(no_number_twice, !used[n]); used[n]=1; next=n+1 }
		crash();
		atomic { if :: r=0 :: n>1 -> r=1 fi; tick[n]=OFFER; inbox[n]=r; ttask[n]=t; goto top }
#define CARE(k) \
	:: atomic { tick[k]==OFFER && EXPIRED(inbox[k]) -> tick[k]=VOID } \
	:: atomic { tick[k]==CLAIM && !mark[k] && EXPIRED(inbox[k]) -> mark[k]=1; moved[inbox[k]]=0 } \
	:: atomic { mark[k] && moved[inbox[k]] -> moved[inbox[k]]=0 } \
	/* file */ \
	:: atomic { GOOD(k) && filed[ttask[k]]==0 -> filed[ttask[k]]=k; PROMISE(filed_once, !ended) } \
	/* the private folder of an attempt that counts no more */ \
	:: atomic { inside[k] && filed[ttask[k]]!=k && (mark[k] || tick[k]==NONE || tick[k]==BACK) -> inside[k]=0 } \
	/* slow lane */ \
	:: atomic { (tick[k]==BACK || tick[k]==VOID || (tick[k]==DONE && (!GOOD(k) || filed[ttask[k]]!=0))) -> tick[k]=NONE } \
	:: atomic { tick[k]==CLAIM && mark[k] && EXPIRED(inbox[k]) -> tick[k]=NONE } \
	:: atomic { mark[k] && tick[k]==NONE -> mark[k]=0 }
CARE(1)
CARE(2)
CARE(3)
	/* the last task is filed: the folder goes to done/ */
#ifdef M_LEFTINSIDE		/* as it is */
#define CLEAN(k) true
#else
#define CLEAN(k) (!inside[k] || filed[ttask[k]]==(k))
#endif
	:: atomic { ALLFILED && !ended && CLEAN(1) && CLEAN(2) && CLEAN(3) -> ended=1 }
	od
}

proctype network()		/* pages of attempts that execute no more are written back late */
{
end:	do
#define LATE(n) \
	:: atomic { pend[n] && !EXEC(n) -> pend[n]=0; PROMISE(results_stay_as_filed, !(ended && inside[n])) }
LATE(1)
LATE(2)
LATE(3)
	od
}

proctype monitor()
{
end:	do
	:: timeout -> PROMISE(all_work_has_an_end, ended || next>N); break
	od
}

init { atomic { up[0]=1; up[1]=1; run runner(0); run runner(1); run coordinator(); run network(); run monitor() } }
