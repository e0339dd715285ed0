/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker - a model of how the worker reads, applies, commits, gives partitions back and dies.
 *
 * Names are those of worker/*.c, file by file, for the two to be laid side by side. What is left out: time
 * (what may happen later may happen at any moment), values (an event is applied or is not; that order does
 * not matter is the business of batch_fold and the statement) and all but two workers, two partitions and a
 * few records.
 *
 * Faults are counted (MOVES, CRASHES, ...), and nothing else goes in circles. So each run ends, which the
 * search for cycles confirms, and "in the end" is the state in which nobody can do anything any more.
 *
 * tests/check/model runs it: as it is, and once for each rule with the rule taken out, which the property
 * in the second column has to notice.
 *
 *	WITHOUT_DURABLE_COMMIT   lost        what is committed is what is durable, not what was read
 *	WITHOUT_DELIVERY_REPORT  lost        a batch is finished once its dead letters are delivered
 *	WITHOUT_SENDING_AGAIN    lost        a dead letter that was not delivered is sent again
 *	WITHOUT_EPOCHS           lost        a mark of an earlier assignment moves nothing
 *	WITHOUT_KEEPING          lost        a lane keeps its batch while Postgres is away
 *	WITHOUT_DROPPING         unassigned  feed_revoke drops the events that no lane has begun with ...
 *	WITHOUT_OTHERS           unapplied   ... and only those of the partition
 *	WITHOUT_REVOKE_BOUND     stuck       a revoke waits a bounded time for statements in flight ...
 *	WITHOUT_COLLECTING       stuck       ... taking note of what the lanes finish meanwhile ...
 *	WITHOUT_WITHDRAWING      waits       ... and for nothing that no lane has begun with
 *	WITHOUT_MOVING_MARKS     lost        events that are held take their partition's mark with them
 *	WITHOUT_EARLIEST         unapplied   without a committed offset, a partition is read from its beginning
 */

/* Never true: what an assertion mentions tells which property does not hold. */
bool lost;       /* an offset was committed before its row or dead letter was durable */
bool backwards;  /* a commit went back */
bool unassigned; /* a batch holds events of a partition that was given up */
bool waits;      /* a revoke waits for what nobody works on */
bool stuck;      /* a revoke never ends */
bool unapplied;  /* in the end, a record is not applied, or not committed */

#define WORKERS 2
#define PARTITIONS 2
#define RECORDS 2 /* the most of a partition */
#ifndef SECOND
#define SECOND 1 /* records of the second partition */
#endif
#define RECORDS_OF(p) ((p) == 0 -> RECORDS : SECOND)
#ifndef BATCH_ROWS
#define BATCH_ROWS 2
#endif
#ifndef MOVES
#define MOVES 2 /* of a partition to another worker, or back to the same */
#endif
#ifndef EXPULSIONS
#define EXPULSIONS 0 /* of a worker that was silent for too long */
#endif
#ifndef CRASHES
#define CRASHES 1
#endif
#ifndef OUTAGES
#define OUTAGES 1 /* of Postgres */
#endif
#ifndef LOCKS
#define LOCKS 0 /* that somebody else holds when a statement meets them, or a partition that is parked */
#endif
#ifndef FAILURES
#define FAILURES 1 /* of a commit or of a dead letter */
#endif

#define NONE 255
#define BIT(offset) (1 << (offset))
#define BELOW(offset) (BIT(offset) - 1)
#define REFUSED BIT(0) /* the first of each partition is a dead letter: refused, or no event at all */

mtype = { NOTHING, ASSIGN, REVOKE, LOST }           /* what the group has to tell a worker */
mtype = { NO_COMMIT, SENT, TAKEN, REFUSED_COMMIT }  /* the commit in flight */

typedef batch {
	byte count;              /* 0: there is none */
	byte events[PARTITIONS]; /* a bit an offset */
	byte next_offset[PARTITIONS]; /* of the mark */
	byte sequence[PARTITIONS];
	byte epoch[PARTITIONS]
}

/* progress.c; the ring is long enough never to wrap. */
typedef partition {
	bool assigned;
	byte epoch;
	byte position;
	byte committed;
	byte first;
	byte count;
	byte settled; /* a bit a sequence */
	byte next_offset[RECORDS];
	byte expected /* consumer->expected */
}

typedef worker {
	batch open;
	batch waiting;
	batch current;
	batch finished;
	batch held;
	partition partitions[PARTITIONS];
	byte epoch;
	mtype commit;
	byte commit_offset[PARTITIONS];
	byte sent[PARTITIONS];        /* dead letters in the producer's queue */
	byte undelivered[PARTITIONS]; /* dead letters that Kafka has not taken */
#ifdef WITHOUT_MOVING_MARKS
	byte unwritten[PARTITIONS];
#endif
	mtype told[PARTITIONS];
	bool crashed_consume;
	bool crashed_lane;
	bool revoking;
	bool expelled /* no member of the group, and not told so far */
}

worker workers[WORKERS];

/* Of what is done in one step: nobody sees them between two. */
hidden byte i;
hidden byte offset;
hidden byte p_settled;

/* Postgres. */
byte rows[PARTITIONS]; /* a bit an event that was applied */
bool postgres_away;

/* Kafka. */
byte dead_letters[PARTITIONS];
byte committed[PARTITIONS]; /* NONE: nothing was */
byte owner[PARTITIONS];     /* NONE: nobody has the partition */

/* The faults that are left. */
byte moves = MOVES;
byte expulsions = EXPULSIONS;
byte crashes = CRASHES;
byte outages = OUTAGES;
byte locks = LOCKS;
byte failures = FAILURES;

#define SELF workers[w]
#define PARTITION SELF.partitions[p]

/* ---- progress.c */

inline progress_assign(start_offset) {
	SELF.epoch++;
	PARTITION.assigned = true;
	PARTITION.epoch = SELF.epoch;
	PARTITION.position = start_offset;
	PARTITION.committed = start_offset;
	PARTITION.first = 0;
	PARTITION.count = 0;
	PARTITION.settled = 0
}

inline progress_revoke() {
	PARTITION.assigned = false;
	PARTITION.position = 0;
	PARTITION.committed = 0;
	PARTITION.first = 0;
	PARTITION.count = 0;
	PARTITION.settled = 0;
	i = 0;
	do
	:: i < RECORDS -> PARTITION.next_offset[i] = 0; i++
	:: else -> break
	od
}

inline progress_mark() {
	assert(PARTITION.assigned || unassigned);
	SELF.open.sequence[p] = PARTITION.first + PARTITION.count;
	SELF.open.epoch[p] = PARTITION.epoch;
	PARTITION.next_offset[SELF.open.sequence[p]] = SELF.open.next_offset[p];
	PARTITION.count++
}

/* The newest mark, of a batch that no lane has begun with, is no more. */
inline progress_withdraw() {
#ifndef WITHOUT_WITHDRAWING
	assert(SELF.waiting.sequence[p] == PARTITION.first + PARTITION.count - 1);
	PARTITION.count--;
	PARTITION.next_offset[SELF.waiting.sequence[p]] = 0
#else
	skip
#endif
}

inline progress_settle() {
	if
#ifdef WITHOUT_EPOCHS
	:: !PARTITION.assigned || SELF.finished.sequence[p] >= PARTITION.first + PARTITION.count
#else
	:: !PARTITION.assigned || PARTITION.epoch != SELF.finished.epoch[p]
#endif
	:: else ->
		assert(SELF.finished.sequence[p] - PARTITION.first < PARTITION.count);
		PARTITION.settled = PARTITION.settled | BIT(SELF.finished.sequence[p]);
		do
		:: PARTITION.count > 0 && (PARTITION.settled & BIT(PARTITION.first)) ->
			PARTITION.position = PARTITION.next_offset[PARTITION.first];
			PARTITION.first++;
			PARTITION.count--
		:: else -> break
		od
	fi
}

#define progress_to_commit(q) \
	(SELF.partitions[q].assigned && \
		SELF.partitions[q].position != SELF.partitions[q].committed)

/* ---- batch.c */

inline batch_clear(it) {
	it.count = 0;
	i = 0;
	do
	:: i < PARTITIONS ->
		it.events[i] = 0;
		it.next_offset[i] = 0;
		it.sequence[i] = 0;
		it.epoch[i] = 0;
		i++
	:: else -> break
	od;
	i = 0
}

/* A batch has one owner at a time. */
inline BATCH_TO(from, to) {
	to.count = from.count;
	i = 0;
	do
	:: i < PARTITIONS ->
		to.events[i] = from.events[i];
		to.next_offset[i] = from.next_offset[i];
		to.sequence[i] = from.sequence[i];
		to.epoch[i] = from.epoch[i];
		i++
	:: else -> break
	od;
	batch_clear(from)
}

/* ---- feed.c */

#define LANE_IDLE (SELF.waiting.count == 0 && SELF.current.count == 0)
#define LANE_BUSY (SELF.waiting.count == 0 && SELF.current.count > 0)

inline feed_add() {
	SELF.open.events[p] = SELF.open.events[p] | BIT(PARTITION.expected);
	PARTITION.expected++;
	SELF.open.next_offset[p] = PARTITION.expected;
	SELF.open.count++
}

/* A mark for each partition in the batch, then it is the lane's. */
inline feed_flush() {
	d_step {
		p = 0;
		do
		:: p < PARTITIONS ->
			if
			:: SELF.open.events[p] -> progress_mark()
			:: else
			fi;
			p++
		:: else -> break
		od;
		p = 0;
		BATCH_TO(SELF.open, SELF.waiting) /* lane_hand */
	}
}

inline drop_events(it, q) {
	i = 0;
	do
	:: i < RECORDS ->
		it.count = it.count - ((it.events[q] >> i) & 1);
		i++
	:: else -> break
	od;
	it.events[q] = 0;
	it.next_offset[q] = 0;
	it.sequence[q] = 0;
	it.epoch[q] = 0
}

/* Events that no lane has begun with. */
inline feed_revoke() {
#ifndef WITHOUT_DROPPING
	drop_events(SELF.open, p);
#ifdef WITHOUT_OTHERS
	drop_events(SELF.open, 1 - p);
#endif
	if
	:: SELF.waiting.events[p] ->
		progress_withdraw();
		drop_events(SELF.waiting, p)
	:: else
	fi
#else
	skip
#endif
}

/* feed_collect: settle the marks of the batch that the lane has finished. */
inline settle() {
	d_step {
		SELF.finished.count > 0;
		p_settled = p;
		p = 0;
		do
		:: p < PARTITIONS ->
			if
			:: SELF.finished.events[p] -> progress_settle()
			:: else
			fi;
			p++
		:: else -> break
		od;
		batch_clear(SELF.finished);
		p = p_settled
	}
}

/* ---- commit.c */

inline start() {
	p_settled = p;
	p = 0;
	do
	:: p < PARTITIONS ->
		SELF.commit_offset[p] = NONE;
		if
#ifdef WITHOUT_DURABLE_COMMIT
		:: PARTITION.assigned && PARTITION.expected != PARTITION.committed ->
			SELF.commit_offset[p] = PARTITION.expected;
#else
		:: progress_to_commit(p) ->
			SELF.commit_offset[p] = PARTITION.position;
#endif
			SELF.commit = (SELF.expelled -> REFUSED_COMMIT : SENT)
		:: else
		fi;
		p++
	:: else -> break
	od;
	p = p_settled
}

/* progress_committed where Kafka has taken it. */
inline take_result() {
	p_settled = p;
	p = 0;
	do
	:: p < PARTITIONS ->
		if
		:: SELF.commit == TAKEN && SELF.commit_offset[p] != NONE && PARTITION.assigned ->
			PARTITION.committed = SELF.commit_offset[p]
		:: else
		fi;
		SELF.commit_offset[p] = NONE;
		p++
	:: else -> break
	od;
	SELF.commit = NO_COMMIT;
	p = p_settled
}

#define is_steady() (SELF.told[0] == NOTHING && SELF.told[1] == NOTHING)
/* The one on its way first: it may hold less than there is now. Each wait ends after COMMIT_WAIT_MS. */
inline commit_and_wait() {
	if
	:: SELF.commit == SENT
	:: SELF.commit != SENT -> d_step { take_result(); start() }
	fi;
	if
	:: SELF.commit == SENT
	:: SELF.commit != SENT -> d_step { take_result() }
	fi
}

/* ---- assignment.c */

/* Where the group's commits say to go on. */
inline find_starts() {
	if
	:: committed[p] != NONE -> offset = committed[p]
#ifdef WITHOUT_EARLIEST
	:: else -> offset = RECORDS_OF(p)
#else
	:: else -> offset = 0
#endif
	fi;
	PARTITION.expected = offset
}

inline assign(q) {
	d_step {
		SELF.told[q] == ASSIGN;
		SELF.told[q] = NOTHING;
		p = q;
		find_starts();
		progress_assign(offset);
		p = 0
	}
}

inline finish_in_flight() {
	do
#ifndef WITHOUT_COLLECTING
	:: settle()
#endif
	:: PARTITION.count == 0 -> break
#ifndef WITHOUT_REVOKE_BOUND
	:: atomic { /* REVOKE_WAIT_MS */
		PARTITION.count > 0 && !SELF.finished.events[p] ->
		assert(SELF.current.events[p] || SELF.held.events[p] || waits)
	} -> break
#endif
	od
}

inline forget() {
	d_step {
		progress_revoke();
		PARTITION.expected = 0;
		SELF.expelled = SELF.told[0] == LOST || SELF.told[1] == LOST;
		SELF.revoking = false;
		if
		:: owner[p] == w -> owner[p] = NONE /* rd_kafka_incremental_unassign */
		:: else
		fi;
		p = 0
	}
}

/* Lost ones have another owner already. */
inline revoke(q) {
	d_step {
		SELF.told[q] == REVOKE || SELF.told[q] == LOST;
		p = q;
		SELF.revoking = SELF.told[q] == REVOKE;
		SELF.told[q] = NOTHING;
		feed_revoke()
	}
	if
	:: SELF.revoking ->
		finish_in_flight();
		commit_and_wait()
	:: else
	fi;
	forget()
}

/* ---- consume.c: the Kafka thread */

#define CAN_READ(q) \
	(SELF.partitions[q].assigned && SELF.partitions[q].expected < RECORDS_OF(q) && \
		SELF.open.count < BATCH_ROWS) /* feed_has_room */

/* take_message from the lane's queue. */
#define READ(q) \
	atomic { \
		CAN_READ(q) -> \
		d_step { \
			p = q; \
			feed_add(); \
			p = 0 \
		} \
	}

#define SERVE_GROUP(q) \
	:: assign(q) \
	:: revoke(q)

proctype consume(byte w)
{
	byte p;
end_work:
	{
end_idle:
		do
		:: settle() /* consumer_collect */
		SERVE_GROUP(0)
		SERVE_GROUP(1)
		:: READ(0)
		:: READ(1)
		:: atomic {
			SELF.open.count > 0 &&
				(LANE_IDLE || (LANE_BUSY && SELF.open.count == BATCH_ROWS)) ->
			feed_flush()
		}
		:: atomic { /* commit_tick */
			SELF.commit == NO_COMMIT && is_steady() &&
				(progress_to_commit(0) || progress_to_commit(1)) ->
			d_step { start() }
		}
		:: atomic { /* commit_serve */
			SELF.commit == TAKEN || SELF.commit == REFUSED_COMMIT ->
			d_step { take_result() }
		}
		od
	} unless { SELF.crashed_consume -> d_step { p = 0; SELF.crashed_consume = false } }
	goto end_work
}

/* ---- held.c */

/*
 * What is locked of a partition's events leaves the batch that is being applied. The code may hold more of
 * a partition that it holds events of already; here the lane tries those first.
 */
inline held_add_partition(q) {
	SELF.held.events[q] = SELF.current.events[q];
	SELF.held.next_offset[q] = SELF.current.next_offset[q];
	SELF.held.sequence[q] = SELF.current.sequence[q];
	SELF.held.epoch[q] = SELF.current.epoch[q];
	SELF.held.count++;
#ifdef WITHOUT_MOVING_MARKS
	SELF.unwritten[q] = SELF.current.events[q]
#else
	SELF.current.events[q] = 0;
	SELF.current.next_offset[q] = 0;
	SELF.current.sequence[q] = 0;
	SELF.current.epoch[q] = 0
#endif
}

/* ---- apply.c */

#define MEETS_LOCK(q) \
	(locks > 0 && SELF.current.events[q] && !SELF.held.events[q])

/* The statement, and what it says of the rows; it is applied whole or not at all, but for what is locked. */
inline apply_range(it) {
	atomic {
		if
		:: !postgres_away ->
			d_step {
				i = 0;
				do
				:: i < PARTITIONS ->
#ifdef WITHOUT_MOVING_MARKS
					rows[i] = rows[i] | (it.events[i] & ~REFUSED & ~SELF.unwritten[i]);
					SELF.sent[i] = it.events[i] & REFUSED & ~SELF.unwritten[i];
					SELF.unwritten[i] = 0;
#else
					rows[i] = rows[i] | (it.events[i] & ~REFUSED);
					SELF.sent[i] = it.events[i] & REFUSED;
#endif
					i++
				:: else -> break
				od;
				i = 0
			}
#ifdef WITHOUT_KEEPING
		:: postgres_away
#endif
		fi
	}
}

#define IS_ANY(bits) (SELF.bits[0] || SELF.bits[1])

/* Returns when dead_letters_write says that all are delivered, however often it is called. */
inline write_letters() {
#ifndef WITHOUT_DELIVERY_REPORT
	do
	:: !IS_ANY(sent) && !IS_ANY(undelivered) -> break
#ifdef WITHOUT_SENDING_AGAIN
	:: !IS_ANY(sent) && IS_ANY(undelivered) -> break
#else
	:: d_step {
		!IS_ANY(sent) && IS_ANY(undelivered);
		i = 0;
		do
		:: i < PARTITIONS ->
			SELF.sent[i] = SELF.undelivered[i];
			SELF.undelivered[i] = 0;
			i++
		:: else -> break
		od;
		i = 0
	}
#endif
	od
#else
	skip
#endif
}

/* ---- lane.c: lane_main, a thread that applies one batch at a time */

proctype lane(byte w)
{
end_take:
	{
end_idle:
		do
		:: atomic {
			SELF.waiting.count > 0 -> /* take */
			d_step { BATCH_TO(SELF.waiting, SELF.current) }
			if
			:: d_step { MEETS_LOCK(0); locks--; held_add_partition(0) }
			:: d_step { MEETS_LOCK(1); locks--; held_add_partition(1) }
			:: true
			fi;
			apply_range(SELF.current)
		}
			write_letters();
			atomic { /* finish; the list is one batch long here */
				SELF.finished.count == 0 ->
				d_step { BATCH_TO(SELF.current, SELF.finished) }
			}
		:: atomic { /* try_held: the lock is gone */
			SELF.held.count > 0 -> apply_range(SELF.held)
		}
			write_letters();
			atomic {
				SELF.finished.count == 0 ->
				d_step { BATCH_TO(SELF.held, SELF.finished) }
			}
		od
	} unless { SELF.crashed_lane -> SELF.crashed_lane = false }
	goto end_take
}

/* ---- around the workers: Kafka, its group, and what befalls them */

#define IS_DURABLE(q, offset) \
	(((rows[q] | dead_letters[q]) & BELOW(offset)) == BELOW(offset))

inline store_commit(who) {
	d_step {
		workers[who].commit == SENT;
		i = 0;
		do
		:: i < PARTITIONS ->
			if
			:: workers[who].commit_offset[i] != NONE ->
				assert(IS_DURABLE(i, workers[who].commit_offset[i]) || lost);
				assert(committed[i] == NONE ||
					workers[who].commit_offset[i] >= committed[i] || backwards);
				committed[i] = workers[who].commit_offset[i]
			:: else
			fi;
			i++
		:: else -> break
		od;
		workers[who].commit = TAKEN
	}
}

#define KAFKA(who) \
	:: store_commit(who) \
	:: d_step { workers[who].commit == SENT && failures > 0; \
		failures--; workers[who].commit = REFUSED_COMMIT } \
	:: d_step { workers[who].sent[0] != 0 || workers[who].sent[1] != 0; \
		dead_letters[0] = dead_letters[0] | workers[who].sent[0]; \
		dead_letters[1] = dead_letters[1] | workers[who].sent[1]; \
		workers[who].sent[0] = 0; workers[who].sent[1] = 0 } \
	:: d_step { (workers[who].sent[0] != 0 || workers[who].sent[1] != 0) && failures > 0; \
		failures--; \
		workers[who].undelivered[0] = workers[who].sent[0]; \
		workers[who].undelivered[1] = workers[who].sent[1]; \
		workers[who].sent[0] = 0; workers[who].sent[1] = 0 }

active proctype kafka()
{
end_kafka:
	do
	KAFKA(0)
	KAFKA(1)
	od
}

#define TOLD(who, q) workers[who].told[q]

/* Commits that are on their way are of the last generation now. */
inline next_generation() {
	i = 0;
	do
	:: i < WORKERS ->
		if
		:: workers[i].commit == SENT -> workers[i].commit = REFUSED_COMMIT
		:: else
		fi;
		i++
	:: else -> break
	od;
	i = 0
}

inline expel(who) {
	d_step {
		(owner[0] == who || owner[1] == who) && expulsions > 0;
		expulsions--;
		next_generation();
		workers[who].expelled = true;
		i = 0;
		do
		:: i < PARTITIONS ->
			if
			:: owner[i] == who ->
				owner[i] = NONE;
				if
				:: TOLD(who, i) == ASSIGN -> TOLD(who, i) = NOTHING
				:: else -> TOLD(who, i) = LOST
				fi
			:: else
			fi;
			i++
		:: else -> break
		od;
		i = 0
	}
}

#define GROUP(who, q) \
	:: d_step { owner[q] == NONE && TOLD(who, q) == NOTHING && !workers[who].revoking && \
			!workers[who].expelled && \
			!workers[who].crashed_consume && !workers[who].crashed_lane; \
		owner[q] = who; TOLD(who, q) = ASSIGN; next_generation() } \
	:: d_step { owner[q] == who && TOLD(who, q) == NOTHING && !workers[who].revoking && moves > 0; \
		moves--; TOLD(who, q) = REVOKE }

active proctype group()
{
end_group:
	do
	GROUP(0, 0)
	GROUP(0, 1)
	GROUP(1, 0)
	GROUP(1, 1)
	:: expel(0)
	:: expel(1)
	od
}

/* All that a process knows goes with it; its partitions go to others, and another process starts. */
inline crash(who) {
	d_step {
		crashes > 0 && !workers[who].crashed_consume && !workers[who].crashed_lane;
		crashes--;
		next_generation();
		w = who;
		p = 0;
		do
		:: p < PARTITIONS ->
			progress_revoke();
			PARTITION.expected = 0;
			PARTITION.epoch = 0;
			SELF.commit_offset[p] = NONE;
			SELF.sent[p] = 0;
			SELF.undelivered[p] = 0;
			SELF.told[p] = NOTHING;
			if
			:: owner[p] == w -> owner[p] = NONE
			:: else
			fi;
			p++
		:: else -> break
		od;
		forget_batches();
		SELF.epoch = 0;
		SELF.commit = NO_COMMIT;
		SELF.revoking = false;
		SELF.expelled = false;
		SELF.crashed_consume = true;
		SELF.crashed_lane = true;
		p = 0;
		w = 0
	}
}

inline forget_batches() {
	batch_clear(SELF.open);
	batch_clear(SELF.waiting);
	batch_clear(SELF.current);
	batch_clear(SELF.finished);
	batch_clear(SELF.held)
}

active proctype world()
{
	byte w;
	byte p;
end_world:
	do
	:: crash(0)
	:: crash(1)
	:: d_step { outages > 0 && !postgres_away; outages--; postgres_away = true }
	/* The worst outage: whoever waits for Postgres waits for longer. */
	:: d_step {
		postgres_away && !workers[0].revoking && !workers[1].revoking;
		postgres_away = false
	}
	od
}

#define IS_APPLIED(q) \
	(RECORDS_OF(q) == 0 || (IS_DURABLE(q, RECORDS_OF(q)) && committed[q] == RECORDS_OF(q)))

/* Nobody can do anything any more. */
active proctype in_the_end()
{
	timeout;
	assert((!workers[0].revoking && !workers[1].revoking) || stuck);
	assert((IS_APPLIED(0) && IS_APPLIED(1)) || unapplied)
}

init {
	byte w;
	byte p;
	d_step {
		do
		:: w < WORKERS ->
			SELF.commit = NO_COMMIT;
			p = 0;
			do
			:: p < PARTITIONS ->
				SELF.commit_offset[p] = NONE;
				workers[1].told[p] = NOTHING;
				committed[p] = NONE;
				owner[p] = 0;
				workers[0].told[p] = ASSIGN;
				p++
			:: else -> break
			od;
			w++
		:: else -> break
		od;
		w = 0;
		p = 0
	}
	atomic {
		run consume(0);
		run consume(1);
		run lane(0);
		run lane(1)
	}
}
