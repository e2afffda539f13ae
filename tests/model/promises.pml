/* SPDX-License-Identifier: GPL-2.0-or-later */
/* promises.pml: the names of what the models check, so that a search that fails says what it found.
 * A promise is an assertion with a name: the variable is always 0, and its name stands in what spin prints. */

#define PROMISE(what, holds) assert((holds) || what)

hidden byte never_two_that_run;		/* no two executions of one piece of work at any instant */
hidden byte no_number_twice;		/* a number is handed out at most once, ever */
hidden byte results_stay_as_filed;	/* nothing writes into a finished result */
hidden byte results_of_one_attempt;	/* a finished result holds the bytes of one attempt only */
hidden byte filed_once;			/* a job, or a task, is finished once */
hidden byte what_is_over_stays_over;	/* deleted, cancelled or finished work is not handed out again */
hidden byte filed_from_a_ticket;	/* only a .done says that an attempt is finished */
hidden byte all_work_has_an_end;	/* nothing can move any more: then all work has ended */
hidden byte never_two_that_move;	/* of two coordinators at most one moves things */
hidden byte who_moves_is_not_displaced;	/* a coordinator at work is not replaced by one that starts */
