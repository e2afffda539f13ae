/* SPDX-License-Identifier: GPL-2.0-or-later */
/* runner.pml: what the share holds for one piece of work, and the runners that work on it.
 * Included by job.pml (a single job, own folder per attempt) and array.pml (one task of an array).
 *
 * How to read it.  Each atomic{} is ONE operation on the share, or one look at it.  Everything between two
 * atomics may be interleaved with everybody else, and a crash may come there.  Global arrays indexed by n are
 * names on the share (durable).  Arrays indexed by r are one runner host; "held", "st", "ph" die with the daemon,
 * "ex" (the job's processes) and "frz" (their freezer) do not.
 *
 * Time is not counted here (lease.pml does that).  What the lease buys is one guard, EXPIRED(r): the coordinator has
 * seen no beat for a whole lease, therefore the jobs of r are frozen or dead and no permission to thaw is
 * outstanding.  -DUNTIMED drops the guard: then two executions may overlap, but results must still be whole. */

#include "promises.pml"

#ifndef N
#define N 3			/* attempts at most */
#endif
#define R 2			/* runners */
#ifndef FRZB
#define FRZB 1			/* budgets of what may go wrong: silences (freezes) */
#endif
#ifndef CRB
#define CRB 1			/* deaths of a runner daemon or of its host */
#endif
#ifndef RSB
#define RSB 1			/* restarts of a dead runner */
#endif
#ifndef LATE
#define LATE 0			/* claim renames that take effect only after the runner has looked and given up */
#endif
#ifndef EVB
#define EVB 0			/* orderly evictions */
#endif
#ifndef CCB
#define CCB 1			/* deaths of the coordinator */
#endif
#ifndef PCB
#define PCB 0			/* power cuts of the server that undo a claim's rename nobody has fsynced (SMB) */
#endif
#ifndef CKB
#define CKB 0			/* executions that end with 85: "checkpointed, run me again" */
#endif
#ifndef STALE
#define STALE 0			/* looks at the inbox in which one of the two views is wrong about one name */
#endif
#ifndef WR
#define WR 1			/* writes of one execution */
#endif

/* tickets: claims/<inbox>/<id>.<n>.<state> */
#define NONE 0
#define OFFER 1
#define CLAIM 2
#define DONE 3
#define BACK 4
#define VOID 5
#define AGAIN 6			/* a .done that says 85 */
byte tick[N+1];
byte inbox[N+1];			/* whose inbox */
bit mark[N+1];			/* <id>.<n>.revoked */
bit canc[N+1];			/* <id>.<n>.cancel */

/* what lies in the folders: inode of attempt n, who has written into an inode, unflushed pages of an attempt */
byte nino[N+1];
byte content[N+2];
bit pend[N+1];
byte pubino = 0;		/* the published (finished) inode */
bit loose[N+1];			/* this claim is acknowledged but not yet on the disk */
bit used[N+1];			/* ghost: n has been handed out */

/* runners */
#define IDLE 0
#define HELD 1			/* claimed, not started */
#define RUN 2
#define OVER 3			/* ended by itself, flushed, to be reported */
#define KILLED 4		/* cancelled or impossible to start, to be reported */
#define GIVE 5			/* nothing runs any more, to be given back */
#define OVER85 6		/* like OVER, with exit 85 */
bit up[R];
byte st[R], held[R], ex[R];
bit frz[R], moved[R];		/* moved: the beat has changed since the coordinator last looked */
byte ph[R];			/* frozen: 0 silent, 1 a later beat is acknowledged, 2 looked: may thaw */
byte wr[R];
byte infl[R];			/* a claim rename under way on the network */
byte frzb = FRZB, crb = CRB, rsb = RSB, late = LATE, evb = EVB, ccb = CCB, pcb = PCB, ckb = CKB, stale = STALE;
bit justup[R];

#define BIT(n) (1<<(n))
#define DEAD(r) (!up[r] && (ex[r]==0 || frz[r]))
#ifdef UNTIMED
#define EXPIRED(r) true
#define SAFE2(r) true
#else
#define EXPIRED(r) (moved[r]==0 && (DEAD(r) || (frz[r] && ph[r]==0)))
#define SAFE2(r) (ex[1-(r)]==0 || frz[1-(r)])	/* I2: nobody else executes this work now */
#endif
/* after a whole lease nobody executes n although its ticket is gone: a live runner has looked (and killed), a silent one is frozen */
#ifdef UNTIMED
#define QUIET(n) true
#else
#define QUIET1(r,n) ((held[r]!=(n) && ex[r]!=(n)) || (frz[r] && ph[r]==0 && moved[r]==0))
#define QUIET(n) (QUIET1(0,n) && QUIET1(1,n))
#endif

inline put(n) { 		/* bytes of attempt n reach the disk */
	PROMISE(results_stay_as_filed, pubino==0 || nino[n]!=pubino);
	content[nino[n]] = content[nino[n]] | BIT(n)
}
inline forget(r) { st[r]=IDLE; held[r]=0; ph[r]=0; wr[r]=0 }
/* A look at the inbox for the claim and the marker of n: listed, and looked up by name.  One of the two may show what
 * is gone or miss what is there; a claim counts if both show it, a marker if one of them does. */
#if STALE
inline see(n) {
	lc = (tick[n]==CLAIM); kc = lc; lm = mark[n]; km = lm;
	if
	:: stale>0 -> stale--;
		if :: lc=!lc :: kc=!kc :: lm=!lm :: km=!km fi
	:: skip
	fi;
#if defined(M_LISTED)
	c = lc; m = lm;
#elif defined(M_LOOKEDUP)
	c = kc; m = km;
#else
	c = lc && kc; m = lm || km;
#endif
	lc=0; kc=0; lm=0; km=0
}
#else
inline see(n) { c = (tick[n]==CLAIM); m = mark[n] }
#endif
inline mine(r, k) {		/* some ticket in my inbox in state k: n, or 0 */
	n=0;
	if
	:: tick[1]==k && inbox[1]==r -> n=1
	:: else ->
		if
		:: tick[2]==k && inbox[2]==r -> n=2
#if N>2
		:: !(tick[2]==k && inbox[2]==r) && tick[3]==k && inbox[3]==r -> n=3
#endif
		:: else
		fi
	fi
}
#if N>2
#define ANY(r,k) ((tick[1]==(k)&&inbox[1]==(r))||(tick[2]==(k)&&inbox[2]==(r))||(tick[3]==(k)&&inbox[3]==(r)))
#else
#define ANY(r,k) ((tick[1]==(k)&&inbox[1]==(r))||(tick[2]==(k)&&inbox[2]==(r)))
#endif

proctype runner(byte r)
{
	byte n;
	bit c, m;
#if STALE
	bit lc, kc, lm, km;
#endif
end:	do
	/* claim: one rename; on any reply the own target name is looked up.  Late: it happens after that look. */
	:: atomic { up[r] && st[r]==IDLE && ex[r]==0 && infl[r]==0 && ANY(r,OFFER) ->
		mine(r, OFFER);
		if
		:: tick[n]=CLAIM; held[r]=n; st[r]=HELD; loose[n]=(pcb>0)
		:: late>0 -> late--; infl[r]=n
#ifdef M_TRUST
		:: held[r]=n; st[r]=HELD; infl[r]=n		/* reply believed, name not looked up */
#endif
		fi; n=0 }
	/* the claim is stamped and fsynced before anything is started */
#ifndef M_NOSYNC
	:: atomic { up[r] && st[r]==HELD && loose[held[r]] -> loose[held[r]]=0 }
#endif
	/* start: a look at the inbox, then the folder must be there under this n */
#ifdef M_STARTFROZEN
	:: atomic { up[r] && st[r]==HELD ->
		frz[r]=0; ph[r]=0;
#else
	:: atomic { (up[r] && st[r]==HELD && !frz[r]
#ifndef M_NOSYNC
		&& !loose[held[r]]
#endif
		) ->
#endif
		n=held[r]; see(n);
		if
#ifdef M_TRUST
		:: false
#else
		:: !c -> forget(r)
#endif
		:: else ->
			if
			:: m -> st[r]=GIVE
			:: !m && (canc[n] || !FOLDER(n)) -> st[r]=KILLED
			:: else -> PROMISE(never_two_that_run, SAFE2(r)); ex[r]=n; st[r]=RUN; wr[r]=WR
			fi
		fi; n=0; c=0; m=0 }
	/* the job writes; bytes go through, or wait in the client's page cache */
	:: atomic { ex[r]!=0 && !frz[r] && wr[r]>0 -> wr[r]--;
		if
		:: put(ex[r])
		:: pend[ex[r]]=1
		fi }
	/* the job ends; step 6: process group empty, outputs fsynced; then the ticket is renamed */
	:: atomic { up[r] && st[r]==RUN && ex[r]==held[r] && !frz[r] ->
#ifndef M_EARLY
		if
		:: pend[ex[r]] -> pend[ex[r]]=0; put(ex[r])
		:: else
		fi;
#endif
		ex[r]=0; st[r]=OVER }
	:: atomic { up[r] && (st[r]==OVER || st[r]==OVER85 || st[r]==KILLED) ->
		if
		:: tick[held[r]]==CLAIM -> tick[held[r]]=(st[r]==OVER85 -> AGAIN : DONE)
		:: else						/* void: somebody took the ticket away */
		fi; forget(r) }
	:: atomic { ckb>0 && up[r] && st[r]==RUN && ex[r]==held[r] && !frz[r] -> ckb--;
#ifndef M_AGAINEARLY		/* what it has kept is durable before the next attempt finds it */
		if
		:: pend[ex[r]] -> pend[ex[r]]=0; put(ex[r])
		:: else
		fi;
#endif
		ex[r]=0; st[r]=OVER85 }
	/* orderly eviction, and giving back: nothing of the job runs any more */
	:: atomic { evb>0 && up[r] && st[r]==RUN && ex[r]==held[r] && !frz[r] -> evb--; ex[r]=0; st[r]=GIVE }
	:: atomic { up[r] && st[r]==GIVE && (ex[r]==0
#ifdef M_BACKALIVE
		|| true
#endif
		) ->
		if
		:: tick[held[r]]==CLAIM -> tick[held[r]]=BACK
		:: else
		fi; forget(r) }
	/* each tick's look at the inbox while a job is held */
	:: atomic { up[r] && !frz[r] && (st[r]==HELD || st[r]==RUN) && ex[r]!=0 &&
			(tick[held[r]]!=CLAIM || mark[held[r]] || stale>0) ->
		see(held[r]);
		if
		:: c && !m
		:: !(c && !m) -> ex[r]=0;
			if
			:: c -> st[r]=GIVE
			:: else -> forget(r)
			fi
		fi; c=0; m=0 }
	:: atomic { up[r] && !frz[r] && st[r]==RUN && ex[r]!=0 && canc[held[r]] ->
		if
		:: pend[ex[r]] -> pend[ex[r]]=0; put(ex[r])
		:: else
		fi; ex[r]=0; st[r]=KILLED }
	/* silence: the watchdog freezes; a dead daemon sends no beat, so its jobs freeze too */
	:: atomic { !frz[r] && ((up[r] && frzb>0) || (!up[r] && ex[r]!=0)) ->
		if
		:: up[r] -> frzb--
		:: else
		fi; frz[r]=1; ph[r]=0 }
	:: atomic { up[r] && frz[r] && ph[r]==0 -> moved[r]=1; ph[r]=1
#ifdef M_THAWACK
		; ph[r]=2
#endif
		}
	:: atomic { up[r] && frz[r] && ph[r]==1 ->		/* the inbox, opened afresh */
		n = (ex[r]!=0 -> ex[r] : held[r]); see(n);
		if
		:: n==0 -> frz[r]=0; ph[r]=0
		:: n!=0 && c && !m -> ph[r]=2
		:: n!=0 && !(c && !m) -> ex[r]=0; frz[r]=0; ph[r]=0;		/* kill */
			if
			:: c -> held[r]=n; st[r]=GIVE
			:: else -> forget(r)
			fi
		fi; n=0; c=0; m=0 }
	:: atomic { up[r] && frz[r] && ph[r]==2 -> PROMISE(never_two_that_run, ex[r]==0 || SAFE2(r)); frz[r]=0; ph[r]=0 }
	/* death of the daemon (its job lives on under the supervisor) or of the host; a rename may be under way */
	:: atomic { crb>0 && up[r] -> crb--;
		if
		:: skip
		:: ex[r]=0
		fi; up[r]=0; forget(r) }
	:: atomic { !up[r] && rsb>0 -> rsb--; up[r]=1; moved[r]=1; justup[r]=1 }
	/* a claim in the inbox that this daemon does not know: of the former instance, or a rename that took effect late */
	:: atomic { (up[r] && st[r]==IDLE && ANY(r,CLAIM)
#ifdef M_STARTONLY
		&& justup[r]
#endif
		) -> mine(r, CLAIM); held[r]=n;
		if
		:: ex[r]==n -> st[r]=RUN			/* adopt; frozen: thawed only by the rule above */
		:: ex[r]==n -> st[r]=GIVE;			/* supervisor is dead: kill what is left first */
#ifndef M_BACKALIVE
			ex[r]=0
#endif
		:: else -> ex[r]=0; st[r]=GIVE
		fi; n=0 }
	:: atomic { justup[r] && !(ANY(r,CLAIM)) -> justup[r]=0 }
	:: atomic { up[r] && st[r]==IDLE && ex[r]!=0 && tick[ex[r]]!=CLAIM -> ex[r]=0 }
#ifdef M_TWIN
	/* a second host with the same runner name takes the first one's claim for its own of an earlier boot */
	:: atomic { r==1 && up[r] && st[r]==IDLE && ANY(0,CLAIM) -> mine(0, CLAIM); tick[n]=BACK; n=0 }
#endif
	od
}

proctype network()		/* what was under way arrives late, or pages of dead attempts are written back late */
{
	byte n;
end:	do
	:: atomic { infl[0]!=0 -> n=infl[0]; infl[0]=0;
		if
		:: tick[n]==OFFER && inbox[n]==0 -> tick[n]=CLAIM
		:: else
		fi; n=0 }
	:: atomic { infl[1]!=0 -> n=infl[1]; infl[1]=0;
		if
		:: tick[n]==OFFER && inbox[n]==1 -> tick[n]=CLAIM
		:: else
		fi; n=0 }
	:: atomic { pcb>0 && loose[1] && tick[1]==CLAIM -> pcb--; loose[1]=0; tick[1]=OFFER }
	:: atomic { pcb>0 && loose[2] && tick[2]==CLAIM -> pcb--; loose[2]=0; tick[2]=OFFER }
	:: atomic { pend[1] && ex[0]!=1 && ex[1]!=1 -> pend[1]=0; put(1) }
	:: atomic { pend[2] && ex[0]!=2 && ex[1]!=2 -> pend[2]=0; put(2) }
#if N>2
	:: atomic { pend[3] && ex[0]!=3 && ex[1]!=3 -> pend[3]=0; put(3) }
#endif
	od
}
