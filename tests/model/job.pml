/* SPDX-License-Identifier: GPL-2.0-or-later */
/* job.pml: the way of one single job (spool(7)).
 * The coordinator keeps nothing between steps: every guard reads names on the share, so a crash between two steps is
 * the same as going back to "top" (and losing the index at any time is included).  Where several steps belong
 * together, "crash" stands between them.
 *
 * Checked: I1/I4 no state without a way on (monitor), I2 no two executions at once (runner.pml), I3 a finished folder holds
 * one attempt's bytes only and is never written again; published once; a number is handed out once; a job that its
 * owner has deleted or cancelled does not come back.
 * Mutants (-DM_...): each takes one sentence out of the protocol; "check" expects an error from each. */

#define QUEUED 1		/* queued/<id>.<fn>-…   fn: the last number burnt, 0: none yet */
#define ACTIVE 2		/* active/<id>.<fn>-… */
#define ENDED 3			/* done/ */
#define FAILED 4		/* failed/ */
#define NOWHERE 5
byte fst = QUEUED, fn = 0, fino = 1, lastino = 1;
#define FOLDER(n) (fst==ACTIVE && fn==(n))

#include "runner.pml"

bit lost[N+1];			/* lost/<id>.<n>-… */
byte tmp = 0, tmpn = 0, tmpino = 0;	/* queued/.tmp-<id>.<n>: 0 none, 1 in the making, 2 complete */
bit jr[N+2];			/* a file job.result in this inode */
bit reqc = 0;			/* requests/cancel-<id> */
bit wascanc = 0, deleted = 0;	/* ghosts */
byte npub = 0;
#ifndef WDB
#define WDB 1			/* withdrawals for no reason (a better runner came) */
#endif
#ifndef SCB
#define SCB 1			/* scans that are made although all is well */
#endif
#ifndef UCB
#define UCB 0			/* cancellations */
#endif
#ifndef UDB
#define UDB 0			/* deletions of the folder by its owner, in any state */
#endif
#ifndef HANDB
#define HANDB 0			/* claims removed by hand */
#endif
#ifndef COORDS
#define COORDS 1
#endif
#ifndef MISSB
#define MISSB 0			/* listings of an inbox in which the coordinator misses a ticket that is there */
#endif
byte missb = MISSB, wdb = WDB, scb = SCB, ucb = UCB, udb = UDB, handb = HANDB;
byte lease[R];

#define SPENT(n) (tick[n]==DONE || tick[n]==AGAIN || tick[n]==BACK || tick[n]==VOID)
#define FINAL (fst==ENDED || fst==FAILED || (fst==NOWHERE && deleted && tmp!=2))

#if CKB
byte chain[N+2];		/* attempts that have left this inode to the next one by 85 */
#define CHAIN(ino) chain[ino]
#else
#define CHAIN(ino) 0
#endif
inline publish(where, ino) {	/* the rename into done/ or failed/ */
	npub++; PROMISE(filed_once, npub==1);
	pubino = ino; fino = ino; fst = where;
	PROMISE(results_of_one_attempt, where!=ENDED || (content[ino] | BIT(fn) | CHAIN(ino))==(BIT(fn) | CHAIN(ino)))
}
inline crash() { if :: ccb>0 -> ccb--; goto top :: skip fi }
/* the new number: from the folder's own name */
#ifdef M_NUMBER			/* folder goes back as queued/<id>-…; number = 1 + the largest still to be seen */
#define SEEN(n) (tick[n]!=NONE || mark[n] || lost[n])
#define NEXTN ((N>2 && SEEN(N)) -> N+1 : (SEEN(2) -> 3 : (SEEN(1) -> 2 : 1)))
#else
#define NEXTN (fn+1)
#endif

proctype coordinator()
{
	byte n, r, q; bit vo, vc, vd, rb;
top:	n=0; r=0; vo=0; vc=0; vd=0; rb=0; q=0;
end:	do
	/* 3 offer: the folder's rename records n, then the ticket appears */
	:: atomic { fst==QUEUED && !reqc && NEXTN<=N -> n=NEXTN;
		PROMISE(what_is_over_stays_over, !deleted && !wascanc);
#ifndef TWO
		PROMISE(no_number_twice, !used[n]);
#endif
		used[n]=1; fn=n; fst=ACTIVE; nino[n]=fino }
		crash();
		/* (the two runners are alike: the first offer goes to 0) */
#if defined(LIVE) && !defined(M_DEADOFFER)	/* who is silent is offered nothing */
		atomic { if :: !EXPIRED(0) -> r=0 :: !EXPIRED(1) -> r=1 fi; tick[n]=OFFER; inbox[n]=r; goto top }
#else
		atomic { if :: r=0 :: n>1 -> r=1 fi; tick[n]=OFFER; inbox[n]=r; goto top }
#endif
	:: atomic { fst==QUEUED && (reqc || NEXTN>N) -> publish(FAILED, fino) }
	/* withdraw: one rename, loses against a claim */
	:: atomic { fst==ACTIVE && tick[fn]==OFFER && (reqc || wdb>0 || EXPIRED(inbox[fn])) ->
		if
		:: reqc || EXPIRED(inbox[fn])
		:: else -> wdb--
		fi;
		n=fn }
#if defined(M_FORTHANDBACK)	/* as often as another runner is idle (numbers come back, to see it go on for ever) */
		atomic { if :: tick[n]==OFFER -> tick[n]=NONE; used[n]=0; wdb=1; fn--; fst=QUEUED :: else fi; goto top }
#elif defined(M_WITHDRAW)		/* looks, then acts on what it saw, instead of renaming the ticket */
		atomic { if :: fst==ACTIVE && fn==n -> fst=QUEUED :: else fi; goto top }
#else
		atomic { if :: tick[n]==OFFER -> tick[n]=VOID :: else fi; goto top }
#endif
	:: atomic { fst==ACTIVE && tick[fn]==VOID -> fst=QUEUED }
	/* no ticket: three looks in the order in which tickets travel, then the folders */
	:: atomic { fst==ACTIVE && (tick[fn]==NONE || scb>0) -> n=fn;
		if :: tick[fn]!=NONE -> scb-- :: else fi }
#ifdef M_SCAN
		vc=(tick[n]==CLAIM);
		vo=(tick[n]==OFFER);
#else
		vo=(tick[n]==OFFER);
		vc=(tick[n]==CLAIM);
#endif
		vd=SPENT(n);
#if MISSB
		if :: missb>0 -> missb--; vo=0; vc=0; vd=0 :: skip fi;
#endif
		if
		:: vo || vc || vd -> goto top
		:: else
		fi;
#ifdef M_NOTICKET		/* at once, and in the same folder */
		atomic { if :: fst==ACTIVE && fn==n -> fst=QUEUED :: else fi; goto top }
#else
		/* a whole lease; then the names are looked up once more */
#ifdef M_LISTING		/* missed in a listing is gone */
#define THERE(n) false
#else
#define THERE(n) (tick[n]!=NONE)
#endif
		if
		:: atomic { QUIET(n) || fst!=ACTIVE || fn!=n || THERE(n) ->
			if
			:: fst!=ACTIVE || fn!=n || THERE(n) -> goto top
			:: else
			fi }
			goto copy
		fi
#endif
	/* revoke: marker, beat once more, copy, folder to lost/, copy to queued/ */
	:: atomic { fst==ACTIVE && tick[fn]==CLAIM && EXPIRED(inbox[fn]) -> n=fn; r=inbox[fn]; rb=mark[n] }
		mark[n]=1;
		crash();
#ifndef M_NOREREAD
		atomic { if
		:: moved[r] -> moved[r]=0; goto top	/* wait: for .back or .done, or for a whole lease without a beat */
		:: else
		fi }
#endif
copy:
#ifdef M_FAILMOVE		/* the last attempt's own folder is published as failed */
		atomic { if :: n==N && fst==ACTIVE && fn==n -> publish(FAILED, fino); goto top :: else fi }
#endif
#ifndef M_LOSTFIRST
		atomic { if
			:: tmp!=0 && lost[tmpn] -> goto top
			:: else -> if :: tmp==2 -> lastino-- :: else fi; tmp=1; tmpn=n
			fi }
		crash();
		atomic { lastino++; assert(lastino<=N+1); tmpino=lastino; tmp=2
#if CKB
			; chain[tmpino]=0
#endif
		}
		crash();
		atomic { if
			:: fst==ACTIVE && fn==n -> lost[n]=1; fst=NOWHERE
			:: else -> lastino--; tmp=0; tmpn=0; tmpino=0
			fi }
		crash();
		goto top
#else				/* as once written: folder to lost/ first, whatever has no folder is built anew from there */
		atomic { if
			:: fst==ACTIVE && fn==n -> lost[n]=1; fst=NOWHERE; tmpn=n
			:: else
			fi; goto top }
	:: atomic { fst==NOWHERE && tmpn!=0 && lost[tmpn] -> PROMISE(what_is_over_stays_over, !deleted); lastino++; fino=lastino; fn=tmpn; fst=QUEUED }
#endif
	:: atomic { fst==NOWHERE && tmp==2 && lost[tmpn] -> fst=QUEUED; fn=tmpn; fino=tmpino; tmp=0; tmpn=0; tmpino=0 }
	:: atomic { tmp!=0 && !lost[tmpn] && !(fst==ACTIVE && fn==tmpn) ->	/* left over: its attempt was filed or deleted */
		if :: tmp==2 -> lastino-- :: else fi; tmp=0; tmpn=0; tmpino=0 }
	/* .back: like revoking, without a lease to wait for */
#ifdef M_BACKSAME
	:: atomic { fst==ACTIVE && tick[fn]==BACK -> fst=QUEUED }
#else
	:: atomic { fst==ACTIVE && tick[fn]==BACK -> n=fn }
		goto copy
#endif
	/* 7 file: result into the folder, then the folder's rename */
#ifdef M_RESULT			/* finish the move of any active folder that holds a job.result */
	:: atomic { fst==ACTIVE && jr[fino] -> publish(ENDED, fino); PROMISE(filed_from_a_ticket, tick[fn]==DONE) }
	:: atomic { fst==ACTIVE && ex[0]==fn && !frz[0] && !jr[fino] -> jr[fino]=1 }	/* the job writes one itself */
#endif
	:: atomic { fst==ACTIVE && tick[fn]==DONE -> n=fn; jr[fino]=1 }
		crash();
		atomic { if
			:: fst==ACTIVE && fn==n -> publish(ENDED, fino)
			:: else
			fi; goto top }
	/* 85: the folder goes back to the line as it is, under its used up number */
#if CKB
#ifdef M_AGAINSAME		/* ... and keeps its number for the next attempt */
	:: atomic { fst==ACTIVE && tick[fn]==AGAIN -> chain[fino]=chain[fino] | BIT(fn); tick[fn]=NONE; fn--; fst=QUEUED }
#else
	:: atomic { fst==ACTIVE && tick[fn]==AGAIN -> chain[fino]=chain[fino] | BIT(fn); fst=QUEUED }
#endif
#endif
	/* cancel */
	:: atomic { reqc && fst==ACTIVE && tick[fn]==CLAIM && !canc[fn] -> canc[fn]=1
#ifdef M_CANCELONCE
		; reqc=0
#endif
		}
	:: atomic { reqc && FINAL -> reqc=0 }
	/* the folder is gone (deleted by its owner): whoever works on it is told */
	:: atomic { fst==NOWHERE && deleted && (tick[1]==CLAIM && !canc[1]) -> canc[1]=1 }
	:: atomic { fst==NOWHERE && deleted && (tick[2]==CLAIM && !canc[2]) -> canc[2]=1 }
	/* sweeping, in the slow lane: any time later */
#if defined(M_PURGECOPY)	/* by age alone */
#define PURGE(k) lost[k]
#elif defined(PURGED)		/* by age, whatever became of ticket and marker, but never before the copy is in its place */
#define PURGE(k) (lost[k] && !(tmp!=0 && tmpn==k))
#else
#define PURGE(k) (lost[k] && tmp==0 && fst!=NOWHERE && fst!=ACTIVE && tick[k]==NONE && !mark[k])
#endif
#define SWEEP(k) \
	:: atomic { SPENT(k) && !(fst==ACTIVE && fn==k) -> tick[k]=NONE } \
	:: atomic { tick[k]==OFFER && fst!=ACTIVE && (fst!=NOWHERE || deleted) -> tick[k]=VOID } \
	:: atomic { tick[k]==CLAIM && mark[k] && lost[k] && !(fst==ACTIVE && fn==k) -> tick[k]=NONE } \
	:: atomic { canc[k] && tick[k]!=CLAIM -> canc[k]=0 } \
	:: atomic { PURGE(k) -> lost[k]=0 }
SWEEP(1)
SWEEP(2)
#if N>2
SWEEP(3)
#endif
#ifdef M_MARKEARLY
	:: atomic { mark[1] && lost[1] -> mark[1]=0 }
	:: atomic { mark[2] && lost[2] -> mark[2]=0 }
#else				/* the marker goes last, when its ticket is gone */
	:: atomic { mark[1] && tick[1]==NONE && !(fst==ACTIVE && fn==1) -> mark[1]=0 }
	:: atomic { mark[2] && tick[2]==NONE && !(fst==ACTIVE && fn==2) -> mark[2]=0 }
#endif
	od
}

proctype user()
{
end:	do
	:: atomic { ucb>0 && !FINAL -> ucb--; reqc=1; wascanc=1 }
	:: atomic { udb>0 && (fst==QUEUED || fst==ENDED || fst==FAILED || fst==ACTIVE) -> udb--; deleted=1; pubino=0; fst=NOWHERE }
	:: atomic { handb>0 && fst==ACTIVE && tick[fn]==CLAIM -> handb--; tick[fn]=NONE }
	od
}

proctype monitor()		/* nothing can move any more: then the job must have an end */
{
end:	do
	:: timeout -> PROMISE(all_work_has_an_end, FINAL); break
	od
}

init {
	atomic {
		byte i;
		i=0; do :: i<R -> up[i]=1; i++ :: else -> break od;
		nino[1]=1;
		run runner(0); run runner(1); run network(); run user(); run coordinator();
#ifndef LIVE
		run monitor();
#endif
#ifdef TWO
		run coordinator()
#endif
	}
}

/* Livelock.  Once nothing goes wrong any more (all budgets are spent) and everybody goes on to take steps (weak
 * fairness), the job ends: in done/, if there are enough numbers for what has gone wrong. */
#ifdef LIVE
#ifdef LIVE_DONE
ltl ends { <> (fst==ENDED) }
#else
ltl ends { <> (FINAL) }
#endif
#endif
