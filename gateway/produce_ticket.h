/* SPDX-License-Identifier: Apache-2.0 */
/*
 * produce_ticket - ties an event at Kafka to the submission that waits for its delivery report.
 *
 * A producer's tickets stand in the order in which their events were handed over, so that the age of the
 * oldest is known; those that are back are used again. All but produce_tickets_oldest_us: the loop's
 * thread only.
 */
#ifndef INTAKE_GATEWAY_PRODUCE_TICKET_H
#define INTAKE_GATEWAY_PRODUCE_TICKET_H

#include <stdint.h>

#include "gateway/submission.h"

struct produce_ticket {
	struct submission *submission; /* NULL: answered already */
	int64_t produced_us;
	struct produce_ticket *sibling; /* the same submission's next one, or the next free one */
	struct produce_ticket *older;   /* all that have no report yet */
	struct produce_ticket *newer;
};

/* All zero: none. */
struct produce_tickets {
	struct produce_ticket *free;
	struct produce_ticket *oldest; /* without a report */
	struct produce_ticket *newest;
	_Atomic int64_t oldest_us; /* when that was produced; 0: none */
};

/* Frees those that are back; all are, once the producer was purged. */
void produce_tickets_fini(struct produce_tickets *tickets);

/* Takes: now_us - steady clock. Returned owned, give back with produce_ticket_give. */
struct produce_ticket *produce_ticket_take(struct produce_tickets *tickets, int64_t now_us);
void produce_ticket_give(struct produce_tickets *tickets, struct produce_ticket *ticket);

/* The submission waits for the ticket; it does so no longer. */
void produce_ticket_join(struct produce_ticket *ticket, struct submission *submission);
void produce_ticket_leave(struct produce_ticket *ticket);

/* When the oldest event that has no report yet was handed over; 0: there is none. Thread: any. */
int64_t produce_tickets_oldest_us(const struct produce_tickets *tickets);

#endif
